#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "tracing/stitch/decision.hpp"

namespace outrider::tracing {

/// SipHash-1-3 with 64 bits of output (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012). Ids and names come
/// from strangers, who could choose colliding ones if they knew how tables hash: the secret is each table's own.
class keyed_hash {
  public:
    explicit keyed_hash(const std::array<std::uint64_t, 2>& secret) : secret_(secret) {}

    std::uint64_t operator()(std::string_view text) const {
        rounds state{secret_};
        const char* at = text.data();
        auto left = text.size();
        for (; left >= 8; at += 8, left -= 8) state.take_in(load(at, 8));
        state.take_in(load(at, left) | std::uint64_t{text.size()} << 56);
        return state.finish();
    }

    /// Of numbers that are one key together; their count is part of it.
    template <class... Words>
    std::uint64_t of(Words... words) const {
        rounds state{secret_};
        (state.take_in(static_cast<std::uint64_t>(words)), ...);
        state.take_in(std::uint64_t{sizeof...(Words)} << 56);
        return state.finish();
    }

    static std::uint64_t word(const span_id& id) { return std::bit_cast<std::uint64_t>(id.bytes); }
    static std::array<std::uint64_t, 2> words(const trace_id& id) {
        return std::bit_cast<std::array<std::uint64_t, 2>>(id.bytes);
    }

  private:
    static std::uint64_t load(const char* at, std::size_t bytes) {
        std::uint64_t word = 0;
        if (bytes != 0) std::memcpy(&word, at, bytes);
        return word;
    }

    struct rounds {
        explicit rounds(const std::array<std::uint64_t, 2>& secret)
            : v0(secret[0] ^ 0x736f6d6570736575),
              v1(secret[1] ^ 0x646f72616e646f6d),
              v2(secret[0] ^ 0x6c7967656e657261),
              v3(secret[1] ^ 0x7465646279746573) {}

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

        void take_in(std::uint64_t block) {
            v3 ^= block;
            round();
            v0 ^= block;
        }

        std::uint64_t finish() {
            v2 ^= 0xff;
            for (int i = 0; i < 3; ++i) round();
            return v0 ^ v1 ^ v2 ^ v3;
        }

        std::uint64_t v0, v1, v2, v3;
    };

    std::array<std::uint64_t, 2> secret_;
};

}  // namespace outrider::tracing
