#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracing/ids.hpp"

namespace outrider::tracing {

/// The 16 bytes of an `x-request-id` that is a UUID (with its dashes or as 32 digits), as a trace id: requests that
/// share nothing else meet in one trace. Nothing for any other value, and for the nil UUID.
std::optional<trace_id> trace_of_request_id(std::string_view value);

/// Appends the trace id in the form of a UUID: the request id of a request that came without one, so that both ways of
/// joining name the same trace.
void append_request_id(std::string& out, const trace_id& trace);

}  // namespace outrider::tracing
