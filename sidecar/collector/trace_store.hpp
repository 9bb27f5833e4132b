#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sidecar/collector/trace_query.hpp"
#include "tracing/span_data.hpp"

namespace outrider::collector {

/// What a store may hold.
struct store_limits {
    std::uint64_t bytes = 256ULL << 20;       ///< all traces together, indexes included
    std::uint64_t trace_bytes = 32ULL << 20;  ///< one trace: what would make it larger is dropped
    std::uint32_t traces = 100'000;
};

/// Where every received span is. received = stored + replaced + evicted + dropped, at any moment.
struct store_counters {
    std::uint64_t received = 0;
    std::uint64_t stored = 0;    ///< spans held now
    std::uint64_t replaced = 0;  ///< spans that came again and took the place of the first
    std::uint64_t evicted = 0;   ///< spans of traces that made room
    std::uint64_t dropped = 0;   ///< spans whose trace was too large already
    std::uint64_t traces = 0;    ///< held now
    std::uint64_t evicted_traces = 0;
    std::uint64_t bytes = 0;  ///< held now
};

/// One trace as a reader gets it.
struct stored_trace {
    tracing::trace_id id;
    std::vector<tracing::span_data> spans;  ///< in order of arrival
    std::uint64_t dropped = 0;              ///< spans that were not kept because the trace was too large
};

/// What was found, most recent first.
struct found_traces {
    std::vector<stored_trace> traces;
    bool cut_off = false;  ///< there was more than `most_bytes` of the answer allows
};

/// An operation of a service, as Jaeger lists it.
struct operation {
    std::string name;
    tracing::span_kind kind = tracing::span_kind::internal;
    bool operator==(const operation&) const = default;
    auto operator<=>(const operation&) const = default;
};

/// The last traces, in bounded memory. The trace that has got no span for the longest time makes room for a new one, so
/// that a trace that is still growing is not torn apart. Thread-safe.
class trace_store {
  public:
    explicit trace_store(store_limits limits);
    ~trace_store();

    /// Takes the spans in. A span with the trace and span id of a stored one replaces it: exporters deliver again.
    /// @return how many were dropped because their trace has reached store_limits::trace_bytes
    std::uint64_t add(std::vector<tracing::span_data> spans);

    /// The trace, or one without spans.
    stored_trace find(const tracing::trace_id& id) const;
    /// @param most_bytes  the answer ends before the trace that would make it larger, but has one trace at least
    found_traces search(const trace_query& query, std::uint64_t most_bytes) const;
    std::vector<std::string> services() const;
    std::vector<operation> operations(const std::string& service) const;
    store_counters counters() const;

  private:
    struct trace;
    using trace_list = std::list<trace>;

    bool add_one(tracing::span_data span);
    trace& touch(const tracing::trace_id& id);
    bool put(trace& into, tracing::span_data span);
    void index(const tracing::span_data& span);
    void unindex(const tracing::span_data& span);
    void make_room(const trace* keep);
    void evict(trace_list::iterator which);

    const store_limits limits_;
    mutable std::mutex mutex_;
    trace_list traces_;                                        ///< the one touched last at the front
    std::map<tracing::trace_id, trace_list::iterator> by_id_;  ///< ordered: nobody can pick ids that collide
    std::map<std::string, std::map<operation, std::uint64_t>, std::less<>> operations_;  ///< spans of each, by service
    store_counters counters_;
};

}  // namespace outrider::collector
