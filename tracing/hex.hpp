#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

#ifdef __SSE2__
/// Eight bytes as sixteen digits.
inline void write_sixteen(char* to, const std::uint8_t* bytes) {
    const auto all = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)), low_bits = _mm_set1_epi8(15);
    const auto nibbles =
        _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(all, 4), low_bits), _mm_and_si128(all, low_bits));
    const auto letters = _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
    const auto digits = _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')), letters);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), digits);
}

/// Sixteen digits as eight bytes; false when one of them is none.
inline bool read_sixteen(const char* digits, std::uint8_t* to, hex_case letters) {
    const auto in = _mm_loadu_si128(reinterpret_cast<const __m128i*>(digits));
    const auto below = [](__m128i value, char bound) {  // unsigned
        return _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(static_cast<char>(bound - 1))), value);
    };
    const auto number = _mm_sub_epi8(in, _mm_set1_epi8('0'));
    const auto is_number = below(number, 10);
    const auto case_bit = _mm_set1_epi8(letters == hex_case::any ? 0x20 : 0);
    const auto letter = _mm_sub_epi8(_mm_or_si128(in, case_bit), _mm_set1_epi8('a'));
    const auto is_letter = below(letter, 6);
    if (_mm_movemask_epi8(_mm_or_si128(is_number, is_letter)) != 0xffff) return false;
    const auto nibbles = _mm_or_si128(_mm_and_si128(is_number, number),
                                      _mm_andnot_si128(is_number, _mm_add_epi8(letter, _mm_set1_epi8(10))));
    const auto pairs = _mm_or_si128(_mm_slli_epi16(nibbles, 4), _mm_srli_epi16(nibbles, 8));
    const auto bytes = _mm_and_si128(pairs, _mm_set1_epi16(255));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(bytes, bytes));
    return true;
}
#endif

}  // namespace detail

/// Writes two digits per byte at `to`, which has room for them; the end of what was written.
inline char* write_hex(char* to, std::span<const std::uint8_t> bytes) {
    std::size_t i = 0;
#ifdef __SSE2__
    for (; i + 8 <= bytes.size(); i += 8, to += 16) detail::write_sixteen(to, bytes.data() + i);
#endif
    for (; i < bytes.size(); ++i) {
        *to++ = hex_digits[bytes[i] >> 4];
        *to++ = hex_digits[bytes[i] & 15];
    }
    return to;
}

/// Reads exactly two digits per byte of `to`; false when `text` has another length or another character, and then what
/// stands in `to` means nothing.
inline bool read_hex(std::string_view text, std::span<std::uint8_t> to, hex_case letters = hex_case::lower) {
    if (text.size() != to.size() * 2) return false;
    const auto& table = letters == hex_case::lower ? detail::lower_hex : detail::any_hex;
    std::uint8_t seen = 0;
    std::size_t i = 0;
#ifdef __SSE2__
    for (; i + 8 <= to.size(); i += 8)
        if (!detail::read_sixteen(text.data() + 2 * i, to.data() + i, letters)) return false;
#endif
    for (; i < to.size(); ++i) {
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
