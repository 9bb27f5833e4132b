#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace outrider::tracing {

inline constexpr char hex_digits[] = "0123456789abcdef";

/// Which letters a format admits: W3C only lower case, B3 and Jaeger are read in both.
enum class hex_case { lower, any };

namespace detail {

inline constexpr std::uint8_t not_hex = 0x80;

constexpr std::array<std::uint8_t, 256> hex_table(hex_case letters) {
    std::array<std::uint8_t, 256> table{};
    table.fill(not_hex);
    for (unsigned i = 0; i < 10; ++i) table['0' + i] = static_cast<std::uint8_t>(i);
    for (unsigned i = 0; i < 6; ++i) table['a' + i] = static_cast<std::uint8_t>(10 + i);
    if (letters == hex_case::any) {
        for (unsigned i = 0; i < 6; ++i) table['A' + i] = static_cast<std::uint8_t>(10 + i);
    }
    return table;
}

inline constexpr auto lower_hex = hex_table(hex_case::lower);
inline constexpr auto any_hex = hex_table(hex_case::any);

}  // namespace detail

/// Writes two digits per byte at `to`, which has room for them; the end of what was written.
inline char* write_hex(char* to, std::span<const std::uint8_t> bytes) {
    for (auto byte : bytes) {
        *to++ = hex_digits[byte >> 4];
        *to++ = hex_digits[byte & 15];
    }
    return to;
}

/// Reads exactly two digits per byte of `to`; false when `text` has another length or another character.
inline bool read_hex(std::string_view text, std::span<std::uint8_t> to, hex_case letters = hex_case::lower) {
    if (text.size() != to.size() * 2) return false;
    const auto& table = letters == hex_case::lower ? detail::lower_hex : detail::any_hex;
    std::uint8_t seen = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
        auto high = table[static_cast<std::uint8_t>(text[2 * i])];
        auto low = table[static_cast<std::uint8_t>(text[2 * i + 1])];
        seen |= static_cast<std::uint8_t>(high | low);
        to[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return (seen & detail::not_hex) == 0;
}

/// Reads 1 to two-per-byte digits, as if zeros stood before them (short ids of B3 and Jaeger).
inline bool read_padded_hex(std::string_view text, std::span<std::uint8_t> to, hex_case letters = hex_case::any) {
    if (text.empty() || text.size() > to.size() * 2) return false;
    std::array<char, 32> padded;
    if (to.size() * 2 > padded.size()) return false;
    padded.fill('0');
    text.copy(padded.data() + to.size() * 2 - text.size(), text.size());
    return read_hex({padded.data(), to.size() * 2}, to, letters);
}

}  // namespace outrider::tracing
