#include "tracing/span_view.hpp"

namespace outrider::tracing {

value_view::value_view(const attribute_value& of) {
    if (const auto* text = std::get_if<std::string>(&of.data)) {
        *this = of_text(*text);
    } else if (const auto* whole = std::get_if<std::int64_t>(&of.data)) {
        *this = value_view::of(*whole);
    } else if (const auto* truth = std::get_if<bool>(&of.data)) {
        *this = value_view::of(*truth);
    } else if (const auto* real = std::get_if<double>(&of.data)) {
        *this = value_view::of(*real);
    } else if (const auto* raw = std::get_if<byte_string>(&of.data)) {
        *this = of_bytes(raw->bytes);
    } else if (!std::holds_alternative<std::monostate>(of.data)) {
        *this = value_view::of(&of);
    }
}

value_view value_view::of(bool truth) {
    value_view out{type::truth, {}};
    out.truth_ = truth;
    return out;
}

value_view value_view::of(std::int64_t whole) {
    value_view out{type::whole, {}};
    out.whole_ = whole;
    return out;
}

value_view value_view::of(double real) {
    value_view out{type::real, {}};
    out.real_ = real;
    return out;
}

value_view value_view::of(const attribute_value* nested) {
    value_view out{type::nested, {}};
    out.nested_ = nested;
    return out;
}

const attribute_value::array* value_view::array() const {
    const auto* value = nested();
    return value == nullptr ? nullptr : std::get_if<attribute_value::array>(&value->data);
}

span_view view_of(const span_data& span, std::vector<attribute_view>& attributes) {
    attributes.clear();
    for (const auto& one : span.attributes) attributes.push_back({one.key, value_view{one.value}});
    span_view out;
    out.trace = span.trace;
    out.span = span.span;
    out.parent = span.parent;
    out.flags = span.flags;
    out.tracestate = span.tracestate;
    out.name = span.name;
    out.kind = span.kind;
    out.status = span.status;
    out.start_unix_ns = span.start_unix_ns;
    out.end_unix_ns = span.end_unix_ns;
    out.attributes = attributes;
    out.events = span.events;
    out.links = span.links;
    out.dropped_attributes = span.dropped_attributes;
    out.dropped_events = span.dropped_events;
    out.dropped_links = span.dropped_links;
    out.status_message = span.status_message;
    out.origin = &span.origin;
    return out;
}

attribute_value copy_of(const value_view& value) {
    switch (value.is()) {
        case value_view::type::text:
            return attribute_value{std::string{value.text()}};
        case value_view::type::truth:
            return attribute_value{value.truth()};
        case value_view::type::whole:
            return attribute_value{value.whole()};
        case value_view::type::real:
            return attribute_value{value.real()};
        case value_view::type::bytes:
            return attribute_value{byte_string{std::string{value.bytes()}}};
        case value_view::type::nested:
            return *value.nested();
        case value_view::type::none:
            break;
    }
    return {};
}

span_data copy_of(const span_view& span) {
    span_data out;
    out.trace = span.trace;
    out.span = span.span;
    out.parent = span.parent;
    out.flags = span.flags;
    out.tracestate = span.tracestate;
    out.name = span.name;
    out.kind = span.kind;
    out.start_unix_ns = span.start_unix_ns;
    out.end_unix_ns = span.end_unix_ns;
    out.attributes.reserve(span.attributes.size());
    for (const auto& one : span.attributes) out.attributes.push_back({std::string{one.key}, copy_of(one.value)});
    out.events.assign(span.events.begin(), span.events.end());
    out.links.assign(span.links.begin(), span.links.end());
    out.dropped_attributes = span.dropped_attributes;
    out.dropped_events = span.dropped_events;
    out.dropped_links = span.dropped_links;
    out.status = span.status;
    out.status_message = span.status_message;
    if (span.origin != nullptr) out.origin = *span.origin;
    return out;
}

std::string_view service_of(const span_view& span) {
    const auto* from = span.from();
    const auto name = from == nullptr ? std::string_view{} : text_attribute(from->resource.attributes, "service.name");
    return name.empty() ? "unknown_service" : name;
}

}  // namespace outrider::tracing
