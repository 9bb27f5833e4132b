#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "sidecar/net/http_server_message.hpp"
#include "tracing/ids.hpp"

namespace outrider::collector {

/// What `GET /api/traces` asks for. A trace is found when one of its spans matches everything at once, as in Jaeger.
struct trace_query {
    std::string service;
    std::string operation;                                  ///< empty: any
    std::vector<std::pair<std::string, std::string>> tags;  ///< all of them, on span, process or log; values as text
    std::optional<std::uint64_t> start_ns;                  ///< span starts at or after, Unix time
    std::optional<std::uint64_t> end_ns;                    ///< span starts at or before
    std::optional<std::chrono::nanoseconds> min_duration;
    std::optional<std::chrono::nanoseconds> max_duration;
    std::size_t limit = 100;                ///< the most recent ones
    std::vector<tracing::trace_id> traces;  ///< traceID=...: these instead of a search
};

/// A sentence that says which parameter is wrong.
struct bad_query {
    std::string message;
};

/// Reads the parameters of `/api/traces` as Jaeger's query service does (service, operation, tag, tags, start, end in
/// microseconds, lookback, minDuration, maxDuration, limit, traceID).
/// @param now_ns  what `lookback` counts back from
boost::system::result<trace_query, bad_query> parse_trace_query(const net::header_list& parameters,
                                                                std::uint64_t now_ns);

/// "1.5ms", "2h45m", "300us": Go's notation, which Jaeger's API uses; also days ("2d").
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// 1 to 32 hex digits of any case; shorter ids are padded on the left.
std::optional<tracing::trace_id> parse_trace_id(std::string_view text);

}  // namespace outrider::collector
