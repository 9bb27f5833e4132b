#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sidecar/collector/chain_book.hpp"
#include "sidecar/collector/chain_query.hpp"
#include "sidecar/collector/span_archive.hpp"
#include "sidecar/collector/trace_order.hpp"
#include "sidecar/collector/trace_query.hpp"
#include "tracing/span_view.hpp"

namespace outrider::collector {

/// What a store may hold.
struct store_limits {
    std::uint64_t bytes = 256ULL << 20;       ///< all traces together, indexes included
    std::uint64_t trace_bytes = 32ULL << 20;  ///< one trace: what would make it larger is dropped
    std::uint32_t traces = 100'000;
    std::chrono::nanoseconds keep{0};  ///< how long after its last span a chain stays; 0: no bound
    /// A chain without a span for so long may have settled: by then whatever came beside its last span is decided, and
    /// so is known to belong to it or not.
    std::chrono::nanoseconds quiet{std::chrono::milliseconds(1'500)};
};

/// Where every received span is, at any moment:
///   received = stored + replaced + evicted + dropped
///   stored + evicted = waiting + settled + unsettled_evicted
struct store_counters {
    std::uint64_t received = 0;
    std::uint64_t stored = 0;    ///< spans held now
    std::uint64_t replaced = 0;  ///< spans that came again and took the place of the first
    std::uint64_t evicted = 0;   ///< spans of chains that made room
    std::uint64_t dropped = 0;   ///< spans whose trace was too large already
    std::uint64_t waiting = 0;   ///< spans held whose chain has not settled since they came
    std::uint64_t settled = 0;
    std::uint64_t late = 0;               ///< among the settled: came after their chain had settled, and were joined
    std::uint64_t unsettled_evicted = 0;  ///< made room before their chain had settled
    std::uint64_t traces = 0;             ///< held now
    std::uint64_t evicted_traces = 0;
    std::uint64_t bytes = 0;         ///< held now
    std::uint64_t shared_bytes = 0;  ///< of these, what spans have in common
};

/// One trace as a reader gets it.
struct stored_trace {
    tracing::trace_id id;
    std::vector<tracing::span_data> spans;  ///< in order of arrival
    std::uint64_t dropped = 0;              ///< spans that were not kept because the trace was too large
};

/// One chain as it was received: what `rewrite_chain` makes one trace of.
struct stored_chain {
    tracing::trace_id id;                   ///< what it is called, everywhere and for good
    std::vector<tracing::span_data> spans;  ///< trace by trace, in order of arrival
    std::vector<tracing::decision> decisions;
    std::vector<tracing::trace_id> traces;
    std::uint64_t dropped = 0;
    bool decided = false;  ///< nothing of it waits
};

/// Which chain, and as of when: equal marks, equal content.
struct chain_mark {
    tracing::trace_id id;        ///< as stored_chain has it
    std::uint64_t revision = 0;  ///< another one: spans or decisions have come to it, or it was forwarded
    std::uint64_t spans = 0;     ///< 0: there is no such chain
    bool decided = false;
    std::vector<tracing::trace_id> traces;
};

/// A trace that may be of a chain that is asked for.
struct chain_candidate {
    std::uint64_t start_ns = 0;
    tracing::trace_id id;
    auto operator<=>(const chain_candidate&) const = default;
};

/// A chain that has come to rest.
struct settled_chain {
    stored_chain chain;
    std::vector<bool> fresh;                 ///< of each span of the chain: it was not there last time
    std::uint64_t spans = 0;                 ///< how many are fresh
    std::uint64_t through = 0;               ///< no span of a later row of the log is among them
    std::uint64_t revision = 0;              ///< see chain_mark
    bool sent = false, sampled_out = false;  ///< what became of it last time
    std::chrono::nanoseconds waited{};       ///< since its last span
    bool complete = true;                    ///< all of its roots were decided
};

/// What was found, most recent first.
struct found_traces {
    std::vector<stored_trace> traces;
    bool cut_off = false;  ///< there was more than `most_bytes` of the answer allows
};

/// The last chains, in bounded memory and age. The chain that has got no span for the longest time makes room for a new
/// one, so that what is still growing is not torn apart. Thread-safe. Times are those of one steady clock.
class trace_store {
  public:
    explicit trace_store(store_limits limits);
    ~trace_store();

    /// Takes the spans in. A span with the trace and span id of a stored one replaces it: exporters deliver again.
    /// @param now_ns  -1: just after the last time
    /// @param row     of the log, that they are in
    /// @return how many were dropped because their trace has reached store_limits::trace_bytes
    std::uint64_t add(std::span<const tracing::span_view> spans, std::int64_t now_ns = -1, std::uint64_t row = 0);
    std::uint64_t add(const std::vector<tracing::span_data>& spans, std::int64_t now_ns = -1, std::uint64_t row = 0);
    /// Lets go what is too old.
    void expire(std::int64_t now_ns);

    /// The trace as it came, or one without spans.
    stored_trace find(const tracing::trace_id& id) const;
    /// The chain that a trace of this id belongs to, or one without spans.
    stored_chain chain(const tracing::trace_id& id) const;
    /// The name of the chain that a trace belongs to now; the trace itself when it is alone or not held.
    tracing::trace_id chain_of(const tracing::trace_id& id) const;
    /// @param most_bytes  the answer ends before the trace that would make it larger, but has one trace at least
    found_traces search(const trace_query& query, std::uint64_t most_bytes) const;
    /// Traces with a span that matches, most recent first.
    std::vector<tracing::trace_id> matching(const trace_query& query) const;
    /// What stored_chain says beside the spans, without reading them.
    chain_mark mark(const tracing::trace_id& id) const;
    /// Traces that may belong to a chain that is asked for, in no order.
    std::vector<chain_candidate> candidates(const chain_query& query) const;

    std::vector<std::string> services() const;
    std::vector<operation> operations(const std::string& service) const;
    store_counters counters() const;

    /// @return how many were about traces that are held
    std::size_t apply(std::span<const tracing::decision> known);
    /// A chain that has come to rest since the last call; call until there is none. Its spans wait no longer then.
    /// @param only  the attributes that its spans are wanted with; null: all
    std::optional<settled_chain> next_settled(std::int64_t now_ns, attribute_filter only = nullptr);
    /// What became of a settled chain: sent under this id, or (an invalid one) sampled out.
    void record(std::span<const tracing::trace_id> traces, const tracing::trace_id& sent_as);
    /// The same, of a former process: all of the trace that is held is settled.
    void restore(const tracing::trace_id& trace, const tracing::trace_id& sent_as);

  private:
    using number = span_archive::number;
    void add_one(const tracing::span_view& span, std::int64_t now_ns);
    std::uint64_t memory() const;
    void make_room(number keep);
    bool evict_oldest(std::int64_t before_ns, std::optional<number> keep);
    void evict(number which);
    tracing::trace_id name_of_chain(std::span<const number> members) const;
    stored_chain assemble(std::span<const number> members, attribute_filter only = nullptr) const;
    chain_mark mark_of(std::span<const number> members) const;
    void settle(std::span<const number> members, settled_chain& into);
    bool any_matches(const held_trace& trace, const trace_query& query) const;
    bool may_match(const held_trace& trace, const chain_query& query) const;
    std::vector<number> hits(const trace_query& query) const;

    const store_limits limits_;
    mutable std::mutex mutex_;
    span_archive archive_;
    chain_book chains_;
    trace_order order_;
    store_counters counters_;
    std::int64_t last_ns_ = 0;
    std::uint64_t last_row_ = 0;
};

}  // namespace outrider::collector
