#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracing/context.hpp"
#include "tracing/span_encoder.hpp"

namespace outrider::tracing {

struct attribute;

/// A value of type bytes, which is text nowhere.
struct byte_string {
    std::string bytes;
    bool operator==(const byte_string&) const = default;
};

/// AnyValue of OTLP. Texts are valid UTF-8 wherever they came from.
struct attribute_value {
    using array = std::vector<attribute_value>;
    using key_values = std::vector<attribute>;
    std::variant<std::monostate, std::string, bool, std::int64_t, double, byte_string, array, key_values> data;

    attribute_value() = default;
    template <class T>
    explicit attribute_value(T value) : data(std::move(value)) {}
    bool operator==(const attribute_value&) const;
};

/// A key with its value.
struct attribute {
    std::string key;
    attribute_value value;
    bool operator==(const attribute&) const = default;
};

/// What a service says of itself.
struct resource {
    std::vector<attribute> attributes;
    bool operator==(const resource&) const = default;
};

/// Where spans come from; shared by those of one request, resource and scope.
struct span_origin {
    tracing::resource resource;
    std::string scope_name, scope_version;
    bool operator==(const span_origin&) const = default;
};

/// Something that happened within a span.
struct span_event {
    std::uint64_t unix_ns = 0;
    std::string name;
    std::vector<attribute> attributes;
    std::uint32_t dropped_attributes = 0;
    bool operator==(const span_event&) const = default;
};

/// A reference to a span that is not the parent.
struct span_reference {
    trace_id trace;
    span_id span;
    std::string tracestate;
    std::vector<attribute> attributes;
    std::uint32_t dropped_attributes = 0;
    std::uint32_t flags = 0;  ///< as in OTLP: the W3C flags, bits 8 and 9 is_remote
    bool operator==(const span_reference&) const = default;
};

/// A finished span, decoded: what the collector keeps and the tools show.
struct span_data {
    trace_id trace;
    span_id span;
    span_id parent;  ///< invalid for a root
    std::uint32_t flags = 0;
    std::string tracestate;
    std::string name;
    span_kind kind = span_kind::internal;
    std::uint64_t start_unix_ns = 0;
    std::uint64_t end_unix_ns = 0;
    std::vector<attribute> attributes;
    std::vector<span_event> events;
    std::vector<span_reference> links;
    std::uint32_t dropped_attributes = 0, dropped_events = 0, dropped_links = 0;
    status_code status = status_code::unset;
    std::string status_message;
    std::shared_ptr<const span_origin> origin;  ///< may be null
};

/// Compares everything, origins by what they say.
bool same_span(const span_data& a, const span_data& b);

/// 0 when the clock stepped back in between.
inline std::uint64_t duration_ns(const span_data& span) {
    return span.end_unix_ns > span.start_unix_ns ? span.end_unix_ns - span.start_unix_ns : 0;
}

/// The value of the first attribute of that key, or null.
const attribute_value* find_attribute(const std::vector<attribute>& attributes, std::string_view key);

/// The text of an attribute that is one; empty otherwise.
std::string_view text_attribute(const std::vector<attribute>& attributes, std::string_view key);

/// `service.name` of where the span comes from, or "unknown_service".
std::string_view service_of(const span_data& span);

/// About how many bytes it takes; the origin, which is shared, not included.
std::size_t memory_of(const span_data& span);
std::size_t memory_of(const attribute& one);

}  // namespace outrider::tracing
