#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "tracing/chains/chain.hpp"
#include "tracing/chains/latency_histogram.hpp"

namespace outrider::tracing {

/// What a place in a system is.
enum class place_kind : std::uint8_t {
    outside,   ///< callers of whom no span is known
    service,   ///< has spans of its own
    topic,     ///< messages lie here
    external,  ///< is called, and tells nothing of itself
};

/// A place by its kind and name.
struct place {
    place_kind kind = place_kind::service;
    std::string name;
    auto operator<=>(const place&) const = default;
};

/// What went from one place to another, or through one place.
struct traffic {
    std::uint64_t count = 0, errors = 0;
    std::uint64_t messages = 0;  ///< records, where those are what goes
    latency_histogram latency;
    latency_histogram queue;  ///< how long messages lay in the topic before
    void merge(const traffic& other);
};

/// How much a topology may hold; what is more is counted, not kept.
struct topology_limits {
    std::size_t places = 500, ways = 2'000;
    std::size_t name_bytes = 120;
};

/// One line of a topology: a place, or the way between two, with what a reader wants to know of it.
struct traffic_figures {
    std::uint64_t count = 0, errors = 0, messages = 0;
    double per_second = 0;  ///< 0 when the time is not known
    std::uint64_t p50_ns = 0, p95_ns = 0, p99_ns = 0;
    bool queued = false;  ///< the following mean something
    std::uint64_t queue_p50_ns = 0, queue_p95_ns = 0, queue_p99_ns = 0;
    bool operator==(const traffic_figures&) const = default;
};

/// A topology at one moment, as it is drawn and sent.
struct topology_view {
    struct node {
        place at;
        traffic_figures figures;
        bool operator==(const node&) const = default;
    };
    struct edge {
        place from, to;
        traffic_figures figures;
        bool operator==(const edge&) const = default;
    };
    double seconds = 0;  ///< that the rates are about; 0: not known
    std::uint64_t chains = 0;
    std::uint64_t left_out = 0;  ///< places and ways beyond the limits
    std::vector<node> nodes;     ///< by kind and name
    std::vector<edge> edges;     ///< by their ends
    bool operator==(const topology_view&) const = default;
};

/// Who talks to whom, summed up from chains. Not thread-safe.
class topology {
  public:
    explicit topology(topology_limits limits = {}) : limits_(limits) {}

    /// Adds the spans of one chain, or of several.
    void add(std::span<const span_data> spans);
    void add(const chain& one);
    void merge(const topology& other);

    /// @param seconds  how long it took for all this to happen, for the rates; 0: not known
    topology_view view(double seconds) const;
    /// The time between the first and the last start in the chains, for what comes from files.
    double seconds_covered() const;

  private:
    using way = std::pair<place, place>;

    void add_row(const chain& one, std::size_t index, const std::vector<std::size_t>& parents);
    void count(const way& between, const chain_row& row, const chain_row* queue);
    place named(place_kind kind, std::string_view name) const;
    traffic* at(const place& where);
    traffic* at(const way& between);
    place resolved(const place& called) const;

    topology_limits limits_;
    std::map<place, traffic> places_;
    std::map<way, traffic> ways_;
    std::uint64_t chains_ = 0, left_out_ = 0;
    std::uint64_t first_ns_ = UINT64_MAX, last_ns_ = 0;
};

/// Whether topologies are made of attributes of this key; all others may be left out.
bool topology_reads(std::string_view key);

/// The topology of the last while: one per slot of time, the older ones forgotten.
class rolling_topology {
  public:
    explicit rolling_topology(std::uint64_t slot_ns = 60'000'000'000, std::size_t slots = 60,
                              topology_limits limits = {})
        : slot_ns_(slot_ns), slots_(slots), limits_(limits) {}

    /// @param now_ns  of the clock that view() is told too; not the spans' own times, which may be anything
    void add(std::span<const span_data> spans, std::uint64_t now_ns);
    /// What was added in the last `window_ns`, in whole slots.
    topology_view view(std::uint64_t now_ns, std::uint64_t window_ns) const;

  private:
    std::uint64_t slot_ns_;
    std::size_t slots_;
    topology_limits limits_;
    std::map<std::uint64_t, topology> parts_;
    std::uint64_t began_ns_ = UINT64_MAX;
};

/// `{"seconds":900,"chains":3,"leftOut":0,"nodes":[{"id","kind","name","count","errors","perSecond",...}],"edges":[
/// {"from","to","count","errors","perSecond","p50Nano","p95Nano","p99Nano","queueP50Nano",...}]}`; an id is
/// `kind:name`.
std::string topology_json(const topology_view& what);
/// Reads it back. @return nothing usable: why
boost::system::result<topology_view, std::string> read_topology_json(std::string_view text);

/// A table for a terminal. @param ascii  for terminals without UTF-8
std::string topology_text(const topology_view& what, std::size_t width, bool ascii);

}  // namespace outrider::tracing
