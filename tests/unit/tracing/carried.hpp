#pragma once

#include <initializer_list>
#include <string_view>

#include "tracing/context.hpp"

namespace outrider::tracing {

inline constexpr std::string_view trace_hex = "4bf92f3577b34da6a3ce929d0e0e4736", span_hex = "00f067aa0ba902b7";

inline extracted from_traceparent(std::string_view value) {
    context_fields fields;
    fields.traceparent = value;
    return extract(fields);
}

inline extracted from_b3(std::string_view value) {
    context_fields fields;
    fields.b3 = value;
    return extract(fields);
}

inline extracted from_jaeger(std::string_view value) {
    context_fields fields;
    fields.uber_trace_id = value;
    return extract(fields);
}

inline extracted with_tracestate(std::initializer_list<std::string_view> lines) {
    context_fields fields;
    fields.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (auto line : lines) fields.tracestate[fields.tracestate_lines++] = line;
    return extract(fields);
}

}  // namespace outrider::tracing
