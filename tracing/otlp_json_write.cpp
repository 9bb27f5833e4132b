#include <cmath>

#include "tracing/base64.hpp"
#include "tracing/json_writer.hpp"
#include "tracing/otlp.hpp"

namespace outrider::tracing {
namespace {

void write_value(json_writer& out, const attribute_value& value);

void write_attributes(json_writer& out, std::string_view name, const std::vector<attribute>& attributes) {
    if (attributes.empty()) return;
    out.begin_array(name);
    for (const auto& one : attributes) {
        out.begin_object();
        out.text("key", one.key);
        out.key("value");
        write_value(out, one.value);
        out.end_object();
    }
    out.end_array();
}

/// Writes the member that an AnyValue holds; none is an empty object.
struct value_writer {
    json_writer& out;

    void operator()(std::monostate) const {}
    void operator()(const std::string& text) const { out.text("stringValue", text); }
    void operator()(bool yes) const { out.boolean("boolValue", yes); }
    void operator()(std::int64_t number) const { out.quoted("intValue", number); }
    void operator()(double number) const {
        if (std::isfinite(number)) return out.number("doubleValue", number);
        out.text("doubleValue", std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
    }
    void operator()(const byte_string& raw) const { out.text("bytesValue", encode_base64(raw.bytes)); }
    void operator()(const attribute_value::array& list) const {
        out.begin_object("arrayValue");
        out.begin_array("values");
        for (const auto& one : list) write_value(out, one);
        out.end_array();
        out.end_object();
    }
    void operator()(const attribute_value::key_values& list) const {
        out.begin_object("kvlistValue");
        write_attributes(out, "values", list);
        out.end_object();
    }
};

void write_value(json_writer& out, const attribute_value& value) {
    out.begin_object();
    std::visit(value_writer{out}, value.data);
    out.end_object();
}

void write_text(json_writer& out, std::string_view name, const std::string& text) {
    if (!text.empty()) out.text(name, text);
}

void write_count(json_writer& out, std::string_view name, std::uint32_t count) {
    if (count != 0) out.number(name, count);
}

void write_events(json_writer& out, const span_data& span) {
    if (span.events.empty()) return;
    out.begin_array("events");
    for (const auto& event : span.events) {
        out.begin_object();
        out.quoted("timeUnixNano", event.unix_ns);
        write_text(out, "name", event.name);
        write_attributes(out, "attributes", event.attributes);
        write_count(out, "droppedAttributesCount", event.dropped_attributes);
        out.end_object();
    }
    out.end_array();
}

void write_links(json_writer& out, const span_data& span) {
    if (span.links.empty()) return;
    out.begin_array("links");
    for (const auto& link : span.links) {
        out.begin_object();
        out.text("traceId", link.trace.hex());
        out.text("spanId", link.span.hex());
        write_text(out, "traceState", link.tracestate);
        write_attributes(out, "attributes", link.attributes);
        write_count(out, "droppedAttributesCount", link.dropped_attributes);
        write_count(out, "flags", link.flags);
        out.end_object();
    }
    out.end_array();
}

void write_status(json_writer& out, const span_data& span) {
    out.begin_object("status");
    write_text(out, "message", span.status_message);
    if (span.status != status_code::unset) out.number("code", static_cast<int>(span.status));
    out.end_object();
}

void write_span(json_writer& out, const span_data& span) {
    out.begin_object();
    out.text("traceId", span.trace.hex());
    out.text("spanId", span.span.hex());
    write_text(out, "traceState", span.tracestate);
    if (span.parent.valid()) out.text("parentSpanId", span.parent.hex());
    write_count(out, "flags", span.flags);
    out.text("name", span.name);
    out.number("kind", static_cast<int>(span.kind));
    out.quoted("startTimeUnixNano", span.start_unix_ns);
    out.quoted("endTimeUnixNano", span.end_unix_ns);
    write_attributes(out, "attributes", span.attributes);
    write_count(out, "droppedAttributesCount", span.dropped_attributes);
    write_events(out, span);
    write_count(out, "droppedEventsCount", span.dropped_events);
    write_links(out, span);
    write_count(out, "droppedLinksCount", span.dropped_links);
    write_status(out, span);
    out.end_object();
}

void write_origin(json_writer& out, const span_origin& origin) {
    out.begin_object("resource");
    write_attributes(out, "attributes", origin.resource.attributes);
    out.end_object();
}

void write_scope(json_writer& out, const span_origin& origin) {
    out.begin_object("scope");
    write_text(out, "name", origin.scope_name);
    write_text(out, "version", origin.scope_version);
    out.end_object();
}

}  // namespace

std::string encode_otlp_json(const std::vector<span_data>& spans) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.begin_array("resourceSpans");
    for (std::size_t i = 0; i < spans.size();) {
        auto origin = spans[i].origin;
        out.begin_object();
        if (origin) write_origin(out, *origin);
        out.begin_array("scopeSpans");
        out.begin_object();
        if (origin) write_scope(out, *origin);
        out.begin_array("spans");
        for (; i < spans.size() && spans[i].origin == origin; ++i) write_span(out, spans[i]);
        out.end_array();
        out.end_object();
        out.end_array();
        out.end_object();
    }
    out.end_array();
    out.end_object();
    return text;
}

decode_result<std::string> otlp_to_json(std::string_view protobuf, const decode_limits& limits) {
    auto decoded = decode_otlp(protobuf, limits);
    if (!decoded) return decoded.error();
    return encode_otlp_json(decoded->spans);
}

std::string otlp_request_json(const resource& from, std::string_view span_entries) {
    auto text = otlp_to_json(otlp_request(from, span_entries));
    return text ? *text : std::string{};
}

}  // namespace outrider::tracing
