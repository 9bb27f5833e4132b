#pragma once

#include <string>

#include "sidecar/collector/trace_query.hpp"
#include "tracing/span_data.hpp"

namespace outrider::collector {

/// Whether one span answers everything a query asks for. Tags are found on the span, its resource and its events, under
/// the names Jaeger shows: `error`, `span.kind`, `otel.status_code`, `otel.library.name`, `event`, ... included.
bool matches(const tracing::span_data& span, const trace_query& query);

/// "server", "client", ...; "unspecified" for anything else: Jaeger's words.
std::string_view name_of(tracing::span_kind kind);

}  // namespace outrider::collector
