#include "tracing/chains/svg_canvas.hpp"

#include <algorithm>
#include <cmath>

#include "tracing/terminal_text.hpp"

namespace outrider::tracing {
namespace {

constexpr double column_width = 7, strong_width = 7.8;

// An arrow's head has the colour of its line: markers do not inherit it everywhere, so there is one per colour.
constexpr std::string_view style_sheet = R"(<style>
svg{--ground:#fff;--ink:#1f2933;--soft:#616e7c;--edge:#52606d;--box:#eef2f7;--rim:#7b8794;--topic:#fdf3d8;--topicrim:#b7791f;--bad:#c62828;--note:#f3f4f6;--outer:#fff}
@media(prefers-color-scheme:dark){svg{--ground:#15191e;--ink:#e4e7eb;--soft:#9aa5b1;--edge:#9aa5b1;--box:#26303b;--rim:#7b8794;--topic:#3a3117;--topicrim:#d69e2e;--bad:#ff7b72;--note:#202830;--outer:#15191e}}
.ground{fill:var(--ground)}
text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
.strong{font-weight:600}.soft{fill:var(--soft)}.badtext{fill:var(--bad)}
.under{stroke:var(--ground);stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
.service{fill:var(--box);stroke:var(--rim)}.topic{fill:var(--topic);stroke:var(--topicrim)}
.external{fill:var(--outer);stroke:var(--rim);stroke-dasharray:4 3}.outside{fill:var(--outer);stroke:var(--rim)}
.badbox{fill:var(--outer);stroke:var(--bad);stroke-width:2}.note{fill:var(--note);stroke:none}.badnote{fill:var(--note);stroke:var(--bad)}
.active{fill:var(--box);stroke:var(--rim);stroke-width:.8}
.edge{fill:none;stroke:var(--edge);stroke-width:1.2}.bad{fill:none;stroke:var(--bad);stroke-width:1.4}
.life{stroke:var(--rim);stroke-width:1;stroke-dasharray:2 4}
.inferred{stroke-dasharray:6 4}.answer{stroke-dasharray:3 3}.critical{stroke-width:2.6}
.tip{fill:var(--edge);stroke:none}.badtip{fill:var(--bad);stroke:none}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker><marker id="badtip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="badtip" d="M0 0L8 4L0 8z"/></marker></defs>
)";

std::string_view tip_of(std::string_view kind) {
    return kind.starts_with("bad") ? " marker-end=\"url(#badtip)\"" : " marker-end=\"url(#tip)\"";
}

}  // namespace

std::string svg_text(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto rest = text.substr(i);
        if (rest.starts_with("\xef\xbf\xbe") || rest.starts_with("\xef\xbf\xbf")) {  // no characters of XML
            out += "\xef\xbf\xbd";
            i += 2;
        } else if (const auto at = std::string_view{"&<>\"'"}.find(text[i]); at != std::string_view::npos) {
            static constexpr std::string_view names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
            out += names[at];
        } else {
            out += text[i];
        }
    }
    return out;
}

double svg_width(std::string_view text, bool strong) {
    return static_cast<double>(columns(text)) * (strong ? strong_width : column_width);
}

std::string svg_canvas::number(double value) {
    const auto tenths = std::llround(std::clamp(value, -1e7, 1e7) * 10);
    auto text = std::to_string(tenths / 10);
    if (tenths < 0 && tenths > -10) text = "-0";
    if (tenths % 10 != 0) text.append(".").append(std::to_string(std::abs(tenths % 10)));
    return text;
}

void svg_canvas::rect(double x, double y, double width, double height, std::string_view kind, double radius) {
    body_.append("<rect class=\"").append(kind).append("\" x=\"").append(number(x)).append("\" y=\"").append(number(y));
    body_.append("\" width=\"").append(number(width)).append("\" height=\"").append(number(height));
    body_.append("\" rx=\"").append(number(radius)).append("\"/>\n");
}

void svg_canvas::line(double x1, double y1, double x2, double y2, std::string_view kind, bool arrow) {
    path("M" + number(x1) + " " + number(y1) + "L" + number(x2) + " " + number(y2), kind, arrow);
}

void svg_canvas::path(std::string_view path, std::string_view kind, bool arrow) {
    body_.append("<path class=\"").append(kind).append("\" d=\"").append(path).append("\"");
    body_.append(arrow ? tip_of(kind) : std::string_view{}).append("/>\n");
}

void svg_canvas::text(double x, double y, std::string_view text, std::string_view kind, anchor where) {
    body_.append("<text x=\"").append(number(x)).append("\" y=\"").append(number(y)).append("\"");
    if (!kind.empty()) body_.append(" class=\"").append(kind).append("\"");
    if (where != anchor::start)
        body_.append(where == anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"");
    body_.append(">").append(svg_text(text)).append("</text>\n");
}

void svg_canvas::cylinder(double x, double y, double width, double height, std::string_view kind) {
    const auto bend = number(7), tall = number(height / 2);
    const auto arc = "A" + bend + " " + tall + " 0 0 ";
    path("M" + number(x + 7) + " " + number(y) + "H" + number(x + width - 7) + arc + "1 " + number(x + width - 7) +
             " " + number(y + height) + "H" + number(x + 7) + arc + "1 " + number(x + 7) + " " + number(y) + "z",
         kind);
    path("M" + number(x + width - 7) + " " + number(y) + arc + "0 " + number(x + width - 7) + " " + number(y + height),
         kind);
}

std::string svg_canvas::finish(double width, double height, std::string_view title) && {
    std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" +
                      number(height) + "\" viewBox=\"0 0 " + number(width) + " " + number(height) +
                      "\" role=\"img\">\n<title>" + svg_text(title) + "</title>\n";
    out += style_sheet;
    out += "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n";
    return out.append(body_).append("</svg>\n");
}

}  // namespace outrider::tracing
