#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracing/context.hpp"

namespace outrider::tracing {

/// The value of an `uber-trace-id` field: `{trace}:{span}:{parent}:{flags}`, ids without their leading zeros, flags in
/// hex (1 sampled, 2 debug); some clients send the colons as `%3A`. Nothing when malformed. It always carries a
/// decision.
std::optional<span_context> parse_uber_trace_id(std::string_view value);

/// Appends "uber-trace-id: {trace}:{span}:0:{flags}\r\n"; the parent is deprecated and sent as 0.
void append_uber_trace_id(std::string& out, const span_context& own);

}  // namespace outrider::tracing
