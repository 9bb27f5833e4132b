#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace outrider::tracing {

/// Whether no byte has its high bit set; eight bytes at a time, the last eight overlapping, as this is asked of every
/// attribute.
inline bool is_ascii(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    const auto* at = text.data();
    const auto* end = at + text.size();
    std::uint64_t word = 0, seen = 0;
    if (text.size() >= 8) {
        for (; end - at > 8; at += 8) {
            std::memcpy(&word, at, 8);
            seen |= word;
        }
        std::memcpy(&word, end - 8, 8);
        return ((seen | word) & high_bits) == 0;
    }
    if (text.size() >= 4) {
        std::uint32_t first = 0, last = 0;
        std::memcpy(&first, at, 4);
        std::memcpy(&last, end - 4, 4);
        return ((first | last) & static_cast<std::uint32_t>(high_bits)) == 0;
    }
    for (; at != end; ++at) seen |= static_cast<std::uint8_t>(*at);
    return (seen & high_bits) == 0;
}

/// Appends `text` as valid UTF-8: each byte that belongs to no well-formed sequence (Unicode, table 3-7) becomes
/// U+FFFD, and what would take more than `max_bytes` is cut off before a whole character.
void append_utf8(std::string& out, std::string_view text, std::size_t max_bytes = std::string::npos);

/// The length in bytes of the well-formed character at the start of `text`, or 0.
std::size_t utf8_character(std::string_view text);

}  // namespace outrider::tracing
