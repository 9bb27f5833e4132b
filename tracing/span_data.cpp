#include "tracing/span_data.hpp"

namespace outrider::tracing {
namespace {

// Texts of up to 15 bytes live within std::string itself.
std::size_t heap_of(const std::string& text) { return text.capacity() > 15 ? text.capacity() + 1 : 0; }

std::size_t heap_of(const std::vector<attribute>& attributes) {
    std::size_t bytes = (attributes.capacity() - attributes.size()) * sizeof(attribute);
    for (const auto& one : attributes) bytes += memory_of(one);
    return bytes;
}

std::size_t heap_of(const attribute_value& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) return heap_of(*text);
    if (const auto* raw = std::get_if<byte_string>(&value.data)) return heap_of(raw->bytes);
    if (const auto* list = std::get_if<attribute_value::key_values>(&value.data)) return heap_of(*list);
    std::size_t bytes = 0;
    if (const auto* list = std::get_if<attribute_value::array>(&value.data)) {
        for (const auto& one : *list) bytes += sizeof one + heap_of(one);
    }
    return bytes;
}

}  // namespace

bool attribute_value::operator==(const attribute_value& other) const { return data == other.data; }

bool same_span(const span_data& a, const span_data& b) {
    bool same_origin = a.origin == b.origin || (a.origin && b.origin && *a.origin == *b.origin);
    return same_origin && a.trace == b.trace && a.span == b.span && a.parent == b.parent && a.flags == b.flags &&
           a.tracestate == b.tracestate && a.name == b.name && a.kind == b.kind && a.start_unix_ns == b.start_unix_ns &&
           a.end_unix_ns == b.end_unix_ns && a.attributes == b.attributes && a.events == b.events &&
           a.links == b.links && a.dropped_attributes == b.dropped_attributes && a.dropped_events == b.dropped_events &&
           a.dropped_links == b.dropped_links && a.status == b.status && a.status_message == b.status_message;
}

const attribute_value* find_attribute(const std::vector<attribute>& attributes, std::string_view key) {
    for (const auto& one : attributes) {
        if (one.key == key) return &one.value;
    }
    return nullptr;
}

std::string_view text_attribute(const std::vector<attribute>& attributes, std::string_view key) {
    const auto* value = find_attribute(attributes, key);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
    return text == nullptr ? std::string_view{} : *text;
}

std::string_view service_of(const span_data& span) {
    auto name = span.origin ? text_attribute(span.origin->resource.attributes, "service.name") : std::string_view{};
    return name.empty() ? "unknown_service" : name;
}

std::size_t memory_of(const attribute& one) { return sizeof one + heap_of(one.key) + heap_of(one.value); }

std::size_t memory_of(const span_data& span) {
    auto bytes = sizeof span + heap_of(span.name) + heap_of(span.tracestate) + heap_of(span.status_message);
    bytes += heap_of(span.attributes);
    for (const auto& event : span.events) bytes += sizeof event + heap_of(event.name) + heap_of(event.attributes);
    for (const auto& link : span.links) bytes += sizeof link + heap_of(link.tracestate) + heap_of(link.attributes);
    return bytes;
}

}  // namespace outrider::tracing
