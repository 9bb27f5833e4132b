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

namespace {

/// What a span and its view hold alike, but for their lists and where they come from.
template <typename From, typename To>
void set_fields(const From& from, To& to) {
    to.trace = from.trace;
    to.span = from.span;
    to.parent = from.parent;
    to.flags = from.flags;
    to.tracestate = from.tracestate;
    to.name = from.name;
    to.kind = from.kind;
    to.status = from.status;
    to.start_unix_ns = from.start_unix_ns;
    to.end_unix_ns = from.end_unix_ns;
    to.dropped_attributes = from.dropped_attributes;
    to.dropped_events = from.dropped_events;
    to.dropped_links = from.dropped_links;
    to.status_message = from.status_message;
}

}  // namespace

span_view view_of(const span_data& span, std::vector<attribute_view>& attributes) {
    attributes.clear();
    for (const auto& one : span.attributes) attributes.push_back({one.key, value_view{one.value}});
    span_view out;
    set_fields(span, out);
    out.attributes = attributes;
    out.events = span.events;
    out.links = span.links;
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
    set_fields(span, out);
    out.attributes.reserve(span.attributes.size());
    for (const auto& one : span.attributes) out.attributes.push_back({std::string{one.key}, copy_of(one.value)});
    out.events.assign(span.events.begin(), span.events.end());
    out.links.assign(span.links.begin(), span.links.end());
    if (span.origin != nullptr) out.origin = *span.origin;
    return out;
}

std::string_view service_of(const span_view& span) {
    const auto* from = span.from();
    const auto name = from == nullptr ? std::string_view{} : text_attribute(from->resource.attributes, "service.name");
    return name.empty() ? "unknown_service" : name;
}

}  // namespace outrider::tracing
