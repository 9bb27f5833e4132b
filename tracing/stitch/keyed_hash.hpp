#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "tracing/siphash_state.hpp"
#include "tracing/stitch/decision.hpp"

namespace outrider::tracing {

/// SipHash-1-3. Ids and names come from strangers, who could choose colliding ones if they knew how tables hash: the
/// secret is each table's own.
class keyed_hash {
  public:
    explicit keyed_hash(const std::array<std::uint64_t, 2>& secret) : secret_(secret) {}

    std::uint64_t operator()(std::string_view text) const {
        siphash_state<1, 3> state{secret_};
        const char* at = text.data();
        auto left = text.size();
        for (; left >= 8; at += 8, left -= 8) state.take_in(load(at, 8));
        state.take_in(load(at, left) | std::uint64_t{text.size()} << 56);
        return state.finish();
    }

    /// Of numbers that are one key together; their count is part of it.
    template <class... Words>
    std::uint64_t of(Words... words) const {
        siphash_state<1, 3> state{secret_};
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

    std::array<std::uint64_t, 2> secret_;
};

}  // namespace outrider::tracing
