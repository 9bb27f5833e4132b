#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/collector/chain_forwarder.hpp"
#include "sidecar/config/flows.hpp"
#include "sidecar/config/settings.hpp"

namespace outrider::collector {

/// What `outrider collect` can be told.
struct collect_options {
    config::endpoint listen{"127.0.0.1", 4318};  ///< --listen: OTLP/HTTP, the query API and the collector's own health
    std::uint64_t memory_bytes = 256ULL << 20;   ///< --memory: what held spans may take; the oldest chains go first
    std::uint32_t max_traces = 1'000'000;        ///< --max-traces: how many traces are held at most
    std::uint64_t request_bytes = 64ULL << 20;   ///< --max-request: the largest request body, also once inflated
    std::vector<std::string> hosts;              ///< --host: further Host names a loopback listener answers queries for
    std::chrono::nanoseconds keep{std::chrono::hours(1)};  ///< --keep: how long a chain is held after its last span
    float confidence = 0.5F;                 ///< --confidence: an inferred cause that is less sure stays a candidate
    std::string store;                       ///< --store: a file that survives; empty: in memory only
    std::uint64_t store_bytes = 1ULL << 30;  ///< --store-size
    forward_options forward;                 ///< --forward, --sample, --slow, ...
    config::flow_input flows;                ///< --flows: what should follow what
};

/// Runs the collector until SIGTERM or SIGINT, then drains and stops.
/// Prints its addresses on standard output once it listens, errors on standard error.
/// @return the exit code: 0 stopped by signal, 1 could not listen or use its files, 2 options that make no sense
int run_collector(const collect_options& options);

}  // namespace outrider::collector
