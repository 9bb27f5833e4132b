#pragma once

#include <array>

namespace outrider::tracing {

/// Other control characters are no JSON, but nothing is judged here, and this is one comparison.
constexpr bool is_json_space(char c) { return static_cast<unsigned char>(c) <= ' '; }

/// What numbers, true, false and null are made of.
inline constexpr auto json_bare_characters = [] {
    std::array<bool, 256> table{};
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (const unsigned char c : {'.', '-', '+', 'E'}) table[c] = true;
    return table;
}();
constexpr bool is_json_bare(char c) { return json_bare_characters[static_cast<unsigned char>(c)]; }

}  // namespace outrider::tracing
