#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <boost/system/result.hpp>

#include "sidecar/collector/trace_query.hpp"

namespace outrider::collector {

/// What `GET /api/chains` asks for: all of it of one chain, each by any of its spans.
struct chain_query {
    std::string key, value;  ///< a business key; empty: any
    std::string service;     ///< empty: any
    bool errors_only = false, stuck_only = false;
    std::optional<std::uint64_t> start_ns, end_ns;  ///< the chain starts between the two, Unix time
    std::optional<std::chrono::nanoseconds> min_duration, max_duration;
    std::string text;  ///< part of the id, of a service, an operation or a value of a key, in any case; empty: any
    std::size_t limit = 100;  ///< the most recent ones
};

/// Reads `key=order=4711`, `service`, `error=true`, `stuck=true`, `minDuration=1s`, `maxDuration`, `q=text`, `start`,
/// `end` (Unix time in microseconds, as in Jaeger's API), `limit`.
boost::system::result<chain_query, bad_query> parse_chain_query(const net::header_list& parameters);

}  // namespace outrider::collector
