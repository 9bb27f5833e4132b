#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "sidecar/collector/span_archive.hpp"
#include "tracing/stitch/chain_groups.hpp"
#include "tracing/stitch/decision.hpp"

namespace outrider::collector {

/// Which held traces are one chain, why, and which chains have come to rest: every root is decided, and no span has
/// come for a while. Not thread-safe.
class chain_book {
  public:
    using number = span_archive::number;

    /// @param quiet_ns  how long no span may have come to a chain that has settled
    chain_book(span_archive& archive, std::int64_t quiet_ns) : archive_(archive), quiet_ns_(quiet_ns) {}

    /// Takes a decision over; one on a trace that is not held any more is ignored.
    /// @return whether it is on a held trace
    bool apply(const tracing::decision& known);
    std::vector<tracing::decision> decisions_of(number which) const;

    tracing::trace_id chain_of(number which) const;
    /// All held traces of its chain, the one that the chain is named by first if it is held.
    std::vector<number> members(number which) const;
    /// The trace will be removed from the archive.
    void forget(number which);

    /// A span has come to this trace.
    void watch(number which, std::int64_t now_ns);
    /// What has come to rest: the traces of one chain that has spans of unknown fate. Nothing when there is none now.
    struct settled {
        std::vector<number> traces;
        std::int64_t waited_ns = 0;  ///< since its last span came
        bool complete = true;        ///< all of its roots were decided
    };
    std::optional<settled> next_settled(std::int64_t now_ns);

    std::size_t memory() const { return watched_.size() * sizeof(watched) + groups_.memory(); }
    std::uint64_t linked() const { return linked_; }

  private:
    struct watched {
        std::int64_t due_ns;
        number which;
        std::uint32_t birth;
        bool operator>(const watched& other) const { return due_ns > other.due_ns; }
    };
    bool all_decided(const held_trace& trace) const;
    number stands_for_all(number which) const;
    std::optional<settled> look_at(number which, std::int64_t now_ns);
    void watch_again(number which, std::int64_t due_ns);
    void mark_linked(number which);

    span_archive& archive_;
    const std::int64_t quiet_ns_;
    tracing::chain_groups groups_;
    std::priority_queue<watched, std::vector<watched>, std::greater<>> watched_;
    std::uint64_t linked_ = 0;  ///< held traces that have been part of a chain
};

/// A decision as the bytes that are held and stored: it begins with the id of the root.
std::string encode_decision(const tracing::decision& known);
/// @param trace  of the root
std::optional<tracing::decision> decode_decision(const tracing::trace_id& trace, std::string_view bytes);

}  // namespace outrider::collector
