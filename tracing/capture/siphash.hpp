#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "tracing/siphash_state.hpp"

namespace outrider::tracing {

/// 128 secret bits.
using hash_key = std::array<std::uint64_t, 2>;

/// As many bytes as a number has, as a little-endian one.
template <class Number>
std::uint64_t number_at(const char* at) {
    Number number;
    std::memcpy(&number, at, sizeof number);
    if constexpr (std::endian::native == std::endian::little) return number;
    if constexpr (sizeof number == 8) return __builtin_bswap64(number);
    return __builtin_bswap32(number);
}

/// The last bytes of a text, fewer than 8, as a little-endian number. Where there are 8 before the end, one load does,
/// of 4 to 7 two that overlap.
inline std::uint64_t last_number(std::string_view text, std::size_t left) {
    const auto* at = text.data();
    if (text.size() >= 8) return left == 0 ? 0 : number_at<std::uint64_t>(at + text.size() - 8) >> (64 - 8 * left);
    if (left >= 4) return number_at<std::uint32_t>(at) | number_at<std::uint32_t>(at + left - 4) << (8 * (left - 4));
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < left; ++i) word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    return word;
}

/// SipHash-2-4 (Aumasson, Bernstein 2012): who does not know the key can neither tell the value nor choose collisions.
/// Here, since a call costs a twelfth of it more.
[[gnu::always_inline]] inline std::uint64_t siphash(const hash_key& key, std::string_view text) {
    siphash_state<2, 4> state{key};
    const auto* at = text.data();
    auto left = text.size();
    for (; left >= 8; at += 8, left -= 8) state.take_in(number_at<std::uint64_t>(at));
    state.take_in(last_number(text, left) | std::uint64_t{text.size() & 0xff} << 56);
    return state.finish();
}

/// A key from a secret text of any length.
hash_key hash_key_of(std::string_view secret);

}  // namespace outrider::tracing
