#include "tracing/capture/siphash.hpp"

#include <bit>
#include <cstring>

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

struct state {
    std::uint64_t v0, v1, v2, v3;
    void round() {
        v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
        v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
        v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
        v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
    }
    void add(std::uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

}  // namespace

std::uint64_t siphash(const hash_key& key, std::string_view text) {
    state s{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
            key[1] ^ 0x7465646279746573};
    const auto* at = text.data();
    auto left = text.size();
    for (; left >= 8; at += 8, left -= 8) s.add(word_at(at));
    s.add(last_word(text, left) | std::uint64_t{text.size() & 0xff} << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) s.round();
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

hash_key hash_key_of(std::string_view secret) {
    constexpr hash_key first{0x6f75747269646572, 0x6563686f}, second{0x6f75747269646572, 0x6563686f32};
    return {siphash(first, secret), siphash(second, secret)};
}

}  // namespace outrider::tracing
