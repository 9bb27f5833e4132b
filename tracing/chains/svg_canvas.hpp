#pragma once

#include <string>
#include <string_view>

namespace outrider::tracing {

/// Text within an XML document; the text is printable already.
std::string svg_text(std::string_view text);

/// About how wide a text is drawn, in pixels.
double svg_width(std::string_view text, bool strong = false);

/// An SVG document that grows. Colours are those of classes in its style sheet, which knows dark grounds too; there is
/// no script in it and nothing that is fetched.
class svg_canvas {
  public:
    enum class anchor { start, middle, end };

    void rect(double x, double y, double width, double height, std::string_view kind, double radius = 4);
    void line(double x1, double y1, double x2, double y2, std::string_view kind, bool arrow = false);
    /// @param path  of an SVG path, made of our own numbers
    void path(std::string_view path, std::string_view kind, bool arrow = false);
    void text(double x, double y, std::string_view text, std::string_view kind, anchor where = anchor::start);
    /// A topic: a cylinder that lies on its side.
    void cylinder(double x, double y, double width, double height, std::string_view kind);

    std::string finish(double width, double height, std::string_view title) &&;

    static std::string number(double value);

  private:
    std::string body_;
};

}  // namespace outrider::tracing
