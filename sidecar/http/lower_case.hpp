#pragma once

#include <string>
#include <string_view>

namespace outrider::http {

constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// Names of hosts and fields are compared without case (RFC 9110 4.2.3 and 5.1); of ASCII letters only.
inline std::string lower_case(std::string_view text) {
    std::string out{text};
    for (auto& c : out)
        if (is_upper(c)) c = static_cast<char>(c + 32);
    return out;
}

}  // namespace outrider::http
