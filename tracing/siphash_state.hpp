#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace outrider::tracing {

/// SipHash with 64 bits of output (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012), word by word. With 2
/// and 4 rounds for what is published, with 1 and 3 for tables whose hashes nobody sees.
template <int BlockRounds, int FinalRounds>
class siphash_state {
  public:
    /// @param key  128 secret bits
    explicit siphash_state(const std::array<std::uint64_t, 2>& key)
        : v0_(key[0] ^ 0x736f6d6570736575),
          v1_(key[1] ^ 0x646f72616e646f6d),
          v2_(key[0] ^ 0x6c7967656e657261),
          v3_(key[1] ^ 0x7465646279746573) {}

    void take_in(std::uint64_t word) {
        v3_ ^= word;
#pragma GCC unroll 4
        for (int i = 0; i < BlockRounds; ++i) round();
        v0_ ^= word;
    }

    std::uint64_t finish() {
        v2_ ^= 0xff;
#pragma GCC unroll 4
        for (int i = 0; i < FinalRounds; ++i) round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

  private:
    void round() {
        v0_ += v1_;
        v2_ += v3_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v1_;
        v0_ += v3_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ = std::rotl(v2_, 32);
    }

    std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace outrider::tracing
