#pragma once

#include <string_view>

namespace outrider::tracing {

/// Without the optional white space (RFC 9110: SP and HTAB) around it.
inline std::string_view trim_blanks(std::string_view text) {
    auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace outrider::tracing
