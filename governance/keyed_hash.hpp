#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace outrider::governance {

/// 128 bits that stand for a key's value.
struct key_hash {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    bool operator==(const key_hash&) const = default;
};

/// What makes hashes unpredictable to those who choose the keys.
using hash_secret = std::array<std::uint64_t, 2>;

namespace siphash {

struct words {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    }
};

template <typename Word>
std::uint64_t load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) {
        Word turned = 0;
        for (std::size_t i = 0; i < sizeof word; ++i) turned = static_cast<Word>(turned << 8 | (word >> 8 * i & 0xff));
        return turned;
    }
    return word;
}

/// The last 0 to 7 bytes, by loads that overlap rather than one by one.
inline std::uint64_t load_rest(const char* at, std::size_t length) {
    if (length >= 4) return load<std::uint32_t>(at) | load<std::uint32_t>(at + length - 4) << 8 * (length - 4);
    if (length == 0) return 0;
    auto middle = length / 2, last = length - 1;
    auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])} << 8 * i; };
    return byte(0) | byte(middle) | byte(last);
}

}  // namespace siphash

/// SipHash with an output of 128 bits (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012; the reference
/// implementation's siphash.c). One round for each block and three at the end by default: as for the hash tables of
/// Rust and Python, where keys are chosen by strangers too and hashes are not published.
template <int BlockRounds = 1, int FinalRounds = 3>
key_hash keyed_hash(std::string_view key, const hash_secret& secret) {
    siphash::words state{secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d ^ 0xee,
                         secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573};
    auto take_in = [&state](std::uint64_t block) {
        state.v3 ^= block;
        for (int i = 0; i < BlockRounds; ++i) state.round();
        state.v0 ^= block;
    };
    auto finish = [&state] {
        for (int i = 0; i < FinalRounds; ++i) state.round();
        return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
    };
    const char* at = key.data();
    auto left = key.size();
    for (; left >= 8; at += 8, left -= 8) take_in(siphash::load<std::uint64_t>(at));
    take_in(siphash::load_rest(at, left) | std::uint64_t{key.size()} << 56);
    state.v2 ^= 0xee;
    auto low = finish();
    state.v1 ^= 0xdd;
    return {low, finish()};
}

}  // namespace outrider::governance
