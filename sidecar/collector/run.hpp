#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/config/settings.hpp"

namespace outrider::collector {

/// What `outrider collect` can be told.
struct collect_options {
    config::endpoint listen{"127.0.0.1", 4318};  ///< --listen: OTLP/HTTP, the query API and the collector's own health
    std::uint64_t memory_bytes = 256ULL << 20;   ///< --memory: what stored traces may take; the oldest go first
    std::uint32_t max_traces = 100'000;          ///< --max-traces: how many traces are kept at most
    std::uint64_t request_bytes = 64ULL << 20;   ///< --max-request: the largest request body, also once inflated
    std::vector<std::string> hosts;              ///< --host: further Host names a loopback listener answers queries for
};

/// Runs the collector until SIGTERM or SIGINT, then drains and stops.
/// Prints its addresses on standard output once it listens, errors on standard error.
/// @return the exit code: 0 stopped by signal, 1 could not listen, 2 options that make no sense
int run_collector(const collect_options& options);

}  // namespace outrider::collector
