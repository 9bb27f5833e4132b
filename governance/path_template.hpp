#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outrider::governance {

/// `/orders/{id}/items/{rest...}`: literal segments, `{name}` for one segment that is not empty, `{name...}` at the end
/// for all the rest, which may be empty. A slash at the end means nothing.
struct path_template {
    struct segment {
        enum class kind : unsigned char { literal, parameter, rest };
        kind is = kind::literal;
        std::string text;  ///< the literal, or the parameter's name
    };
    std::vector<segment> segments;

    /// Whether a normal path is what the template says. @param parameter  called with each one's name and value, also
    /// of those in front of what does not fit
    template <typename Parameter>
    bool read(std::string_view path, Parameter parameter) const;

    /// Of a text that check_path_template() finds nothing wrong with.
    static path_template parse(std::string_view text);
};

/// What is wrong with a template, as the end of a sentence; empty: nothing.
std::string check_path_template(std::string_view text);

/// The path as templates see it. Escapes are decoded, empty and dot segments resolved (RFC 3986 5.2.4, RFC 9110 4.2.3),
/// so that `/%61dmin` and `//admin/` are `/admin` here as they may be to the application. Most paths are as they should
/// be and come back as they are.
/// @param scratch  where the path is written when it has to change
std::string_view normal_path(std::string_view path, std::string& scratch);

/// Takes the next segment from the front of `rest` (which begins behind a slash). Empty at the end.
std::string_view next_segment(std::string_view& rest);

template <typename Parameter>
bool path_template::read(std::string_view path, Parameter parameter) const {
    auto rest = path.empty() ? path : path.substr(1);
    for (const auto& each : segments) {
        if (each.is == segment::kind::rest) return parameter(each.text, rest), true;
        auto part = next_segment(rest);
        if (each.is == segment::kind::literal ? part != each.text : part.empty()) return false;
        if (each.is == segment::kind::parameter) parameter(each.text, part);
    }
    return rest.empty();
}

}  // namespace outrider::governance
