#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracing/context.hpp"

namespace outrider::tracing {

/// The value of a `traceparent` field (W3C Trace Context level 2, section 3.2), or nothing when it is malformed.
/// Flags that level 2 does not know are cleared, so that what is handed on says nothing we do not understand.
std::optional<span_context> parse_traceparent(std::string_view value);

/// Appends "traceparent: 00-...-..-..\r\n".
void append_traceparent(std::string& out, const span_context& own);

}  // namespace outrider::tracing
