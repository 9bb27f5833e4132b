#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tracing/stitch/decision.hpp"

namespace outrider::tracing {

/// The order that ids have anyway, word by word: the maps of very many small chains do little else than compare them.
struct by_ids {
    bool operator()(const span_id& a, const span_id& b) const { return before(a, b); }
    bool operator()(const trace_id& a, const trace_id& b) const { return before(a, b); }
    bool operator()(const span_key& a, const span_key& b) const { return less(a.trace, a.span, b.trace, b.span); }
    template <class A, class B>
    bool operator()(const std::pair<A, B>& a, const std::pair<A, B>& b) const {
        return less(a.first, a.second, b.first, b.second);
    }

  private:
    static std::uint64_t word(const std::uint8_t* at) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, at, sizeof bits);
        if constexpr (std::endian::native == std::endian::little) bits = __builtin_bswap64(bits);
        return bits;
    }
    static bool before(const trace_id& a, const trace_id& b) {
        const auto high = word(a.bytes.data()), other = word(b.bytes.data());
        return high != other ? high < other : word(a.bytes.data() + 8) < word(b.bytes.data() + 8);
    }
    static bool before(const span_id& a, const span_id& b) { return word(a.bytes.data()) < word(b.bytes.data()); }
    static bool before(bool a, bool b) { return a < b; }

    template <class A, class B>
    static bool less(const A& a, const B& a_then, const A& b, const B& b_then) {
        if (a != b) return before(a, b);
        return before(a_then, b_then);
    }
};

}  // namespace outrider::tracing
