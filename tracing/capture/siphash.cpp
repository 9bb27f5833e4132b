#include "tracing/capture/siphash.hpp"

#include <bit>
#include <cstring>

#include "tracing/siphash_state.hpp"

namespace outrider::tracing {
namespace {

std::uint64_t word_at(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

std::uint64_t half_word_at(const char* at) {
    std::uint32_t word;
    std::memcpy(&word, at, 4);
    return std::endian::native == std::endian::little ? word : __builtin_bswap32(word);
}

/// The last bytes of a text, fewer than 8, as a little-endian number. Where there are 8 before the end, one load does,
/// of 4 to 7 two that overlap.
std::uint64_t last_word(std::string_view text, std::size_t left) {
    if (text.size() >= 8) return left == 0 ? 0 : word_at(text.data() + text.size() - 8) >> (64 - 8 * left);
    if (left >= 4) return half_word_at(text.data()) | half_word_at(text.data() + left - 4) << (8 * (left - 4));
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < left; ++i) word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    return word;
}

}  // namespace

std::uint64_t siphash(const hash_key& key, std::string_view text) {
    siphash_state<2, 4> state{key};
    const auto* at = text.data();
    auto left = text.size();
    for (; left >= 8; at += 8, left -= 8) state.take_in(word_at(at));
    state.take_in(last_word(text, left) | std::uint64_t{text.size() & 0xff} << 56);
    return state.finish();
}

hash_key hash_key_of(std::string_view secret) {
    constexpr hash_key first{0x6f75747269646572, 0x6563686f}, second{0x6f75747269646572, 0x6563686f32};
    return {siphash(first, secret), siphash(second, secret)};
}

}  // namespace outrider::tracing
