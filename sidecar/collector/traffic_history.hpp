#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tracing/chains/latency_histogram.hpp"
#include "tracing/span_data.hpp"

namespace outrider::collector {

/// How much went on in each ten seconds of the last hour, by service: for charts. Bounded: services beyond the first
/// two hundred are summed up as "other". Not thread-safe.
class traffic_history {
  public:
    static constexpr std::uint64_t slot_ns = 10'000'000'000;
    static constexpr std::size_t slots = 360, most_services = 200;

    /// A chain has settled.
    /// @param spans  of the chain, those that are new; what was answered or taken counts when it ended
    void add(std::span<const tracing::span_data> spans, std::uint64_t now_unix_ns);

    /// `{"slotNano","firstUnixNano","services":[{"name","count":[],"errors":[],"p95Nano":[]}],"chains":[],"faults":[]}`:
    /// whole slots, the last one still going on. Chains count where they settled; faults are those with an error.
    std::string json(std::uint64_t window_ns, std::uint64_t now_unix_ns) const;

  private:
    struct figures {
        std::uint64_t count = 0, errors = 0;
        tracing::latency_histogram latency;
    };
    struct slot {
        std::uint64_t chains = 0, faults = 0;
        std::map<std::uint32_t, figures> services;  ///< by number
    };

    std::uint32_t number_of(std::string_view service);
    void forget(std::uint64_t current);

    std::map<std::uint64_t, slot> slots_;  ///< by Unix time in slots
    std::map<std::string, std::uint32_t, std::less<>> numbers_;
    std::vector<std::string> names_;
};

}  // namespace outrider::collector
