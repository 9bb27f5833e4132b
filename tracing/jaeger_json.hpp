#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/otlp.hpp"

namespace outrider::tracing {

// The JSON of Jaeger's query API (`/api/traces`), as Jaeger itself converts OTLP: kind, status, tracestate and scope
// become tags, links FOLLOWS_FROM references behind the parent's CHILD_OF, events logs, resources processes;
// microseconds.

/// An answer with one element per trace; empty ones are left out.
std::string encode_jaeger_json(std::span<const std::span<const span_data>> traces);
/// An answer with one trace.
std::string encode_jaeger_json(std::span<const span_data> trace);
/// The answer of `/api/services` and the like: a list of names.
std::string encode_jaeger_names(const std::vector<std::string>& names);
/// An answer without data, such as 404 "trace not found".
std::string encode_jaeger_error(int code, std::string_view message);

/// What a Jaeger answered.
struct jaeger_answer {
    std::vector<span_data> spans;  ///< of all traces in it
    std::uint64_t rejected = 0;    ///< spans without valid ids
    std::string error;             ///< the first of `errors`, empty when there are none
};

/// Reads an answer of `/api/traces` or `/api/traces/{id}`. Times are whole microseconds; the first CHILD_OF reference
/// within the trace is the parent, all others are links.
decode_result<jaeger_answer> decode_jaeger_json(std::string_view text, const decode_limits& limits = {});

}  // namespace outrider::tracing
