#include "sidecar/collector/span_match.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace outrider::collector {

namespace {

using tag = std::pair<std::string, std::string>;

/// Values as Jaeger compares them; lists and maps are not searched for.
std::optional<std::string> text_of(const tracing::attribute_value& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? "true" : "false";
    if (const auto* whole = std::get_if<std::int64_t>(&value.data)) return std::to_string(*whole);
    if (const auto* real = std::get_if<double>(&value.data)) {
        std::array<char, 40> digits;
        std::snprintf(digits.data(), digits.size(), "%.10g", *real);
        return std::string{digits.data()};
    }
    return std::nullopt;
}

bool among(const std::vector<tracing::attribute>& attributes, const tag& wanted) {
    return std::any_of(attributes.begin(), attributes.end(), [&](const tracing::attribute& one) {
        return one.key == wanted.first && text_of(one.value) == wanted.second;
    });
}

/// Tags that are no attributes in OTLP, but tags in Jaeger.
bool is_derived(const tracing::span_data& span, const tag& wanted) {
    const auto& [key, value] = wanted;
    const bool failed = span.status == tracing::status_code::error;
    if (key == "error") return failed && value == "true";
    if (key == "span.kind") return name_of(span.kind) == value;
    if (key == "w3c.tracestate") return !span.tracestate.empty() && span.tracestate == value;
    if (key == "otel.status_description") return failed && span.status_message == value;
    if (key == "otel.status_code")
        return (failed && value == "ERROR") || (span.status == tracing::status_code::ok && value == "OK");
    if (!span.origin) return false;
    if (key == "otel.library.name" || key == "otel.scope.name") return span.origin->scope_name == value;
    if (key == "otel.library.version" || key == "otel.scope.version") return span.origin->scope_version == value;
    return false;
}

bool in_events(const tracing::span_data& span, const tag& wanted) {
    return std::any_of(span.events.begin(), span.events.end(), [&](const tracing::span_event& event) {
        return (wanted.first == "event" && event.name == wanted.second) || among(event.attributes, wanted);
    });
}

bool has_tag(const tracing::span_data& span, const tag& wanted) {
    return among(span.attributes, wanted) || is_derived(span, wanted) ||
           (span.origin && among(span.origin->resource.attributes, wanted)) || in_events(span, wanted);
}

}  // namespace

bool matches(const tracing::span_data& span, const trace_query& query) {
    const std::chrono::nanoseconds took{tracing::duration_ns(span)};
    if (tracing::service_of(span) != query.service) return false;
    if (!query.operation.empty() && span.name != query.operation) return false;
    if (query.start_ns && span.start_unix_ns < *query.start_ns) return false;
    if (query.end_ns && span.start_unix_ns > *query.end_ns) return false;
    if (query.min_duration && took < *query.min_duration) return false;
    if (query.max_duration && took > *query.max_duration) return false;
    return std::all_of(query.tags.begin(), query.tags.end(), [&](const tag& wanted) { return has_tag(span, wanted); });
}

std::string_view name_of(tracing::span_kind kind) {
    switch (kind) {
        case tracing::span_kind::internal:
            return "internal";
        case tracing::span_kind::server:
            return "server";
        case tracing::span_kind::client:
            return "client";
        case tracing::span_kind::producer:
            return "producer";
        case tracing::span_kind::consumer:
            return "consumer";
    }
    return "unspecified";
}

}  // namespace outrider::collector
