// Encodes decoded spans as ExportTraceServiceRequest. The hot path does not come here: it has span_encoder.
#include <protozero/pbf_writer.hpp>

#include "tracing/otlp.hpp"
#include "tracing/protobuf_append.hpp"

namespace outrider::tracing {
namespace {

using writer = protozero::pbf_writer;

void write_value(writer& out, const attribute_value& value);

void write_attribute(writer& parent, protozero::pbf_tag_type number, const attribute& one) {
    writer out{parent, number};
    out.add_string(1, one.key);
    writer any{out, 2};
    write_value(any, one.value);
}

void write_attributes(writer& out, protozero::pbf_tag_type number, const std::vector<attribute>& attributes) {
    for (const auto& one : attributes) write_attribute(out, number, one);
}

/// Writes the alternative that an AnyValue holds; none is an empty message.
struct value_writer {
    writer& out;

    void operator()(std::monostate) const {}
    void operator()(const std::string& text) const { out.add_string(1, text); }
    void operator()(bool yes) const { out.add_bool(2, yes); }
    void operator()(std::int64_t number) const { out.add_int64(3, number); }
    void operator()(double number) const { out.add_double(4, number); }
    void operator()(const byte_string& raw) const { out.add_bytes(7, raw.bytes); }
    // protozero takes a nested message back when nothing was written into it, and here an empty one has a meaning.
    void operator()(const attribute_value::array& list) const {
        if (list.empty()) return out.add_message(5, std::string{});
        writer array{out, 5};
        for (const auto& one : list) {
            if (std::holds_alternative<std::monostate>(one.data)) {
                array.add_message(1, std::string{});
                continue;
            }
            writer any{array, 1};
            write_value(any, one);
        }
    }
    void operator()(const attribute_value::key_values& list) const {
        if (list.empty()) return out.add_message(6, std::string{});
        writer key_values{out, 6};
        write_attributes(key_values, 1, list);
    }
};

void write_value(writer& out, const attribute_value& value) { std::visit(value_writer{out}, value.data); }

template <class Id>
void write_id(writer& out, protozero::pbf_tag_type number, const Id& id) {
    out.add_bytes(number, reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
}

void write_text(writer& out, protozero::pbf_tag_type number, const std::string& text) {
    if (!text.empty()) out.add_string(number, text);
}

void write_count(writer& out, protozero::pbf_tag_type number, std::uint32_t count) {
    if (count != 0) out.add_uint32(number, count);
}

void write_event(writer& span, const span_event& event) {
    writer out{span, 11};
    out.add_fixed64(1, event.unix_ns);
    write_text(out, 2, event.name);
    write_attributes(out, 3, event.attributes);
    write_count(out, 4, event.dropped_attributes);
}

void write_link(writer& span, const span_reference& link) {
    writer out{span, 13};
    write_id(out, 1, link.trace);
    write_id(out, 2, link.span);
    write_text(out, 3, link.tracestate);
    write_attributes(out, 4, link.attributes);
    write_count(out, 5, link.dropped_attributes);
    if (link.flags != 0) out.add_fixed32(6, link.flags);
}

void write_status(writer& span, const span_data& data) {
    if (data.status == status_code::unset && data.status_message.empty()) return;
    writer out{span, 15};
    write_text(out, 2, data.status_message);
    out.add_enum(3, static_cast<std::int32_t>(data.status));
}

void write_span(writer& scope_spans, const span_data& span) {
    writer out{scope_spans, 2};
    write_id(out, 1, span.trace);
    write_id(out, 2, span.span);
    write_text(out, 3, span.tracestate);
    if (span.parent.valid()) write_id(out, 4, span.parent);
    write_text(out, 5, span.name);
    out.add_enum(6, static_cast<std::int32_t>(span.kind));
    out.add_fixed64(7, span.start_unix_ns);
    out.add_fixed64(8, span.end_unix_ns);
    write_attributes(out, 9, span.attributes);
    write_count(out, 10, span.dropped_attributes);
    for (const auto& event : span.events) write_event(out, event);
    write_count(out, 12, span.dropped_events);
    for (const auto& link : span.links) write_link(out, link);
    write_count(out, 14, span.dropped_links);
    write_status(out, span);
    if (span.flags != 0) out.add_fixed32(16, span.flags);
}

void write_origin(writer& resource_spans, const span_origin& origin) {
    writer out{resource_spans, 1};
    write_attributes(out, 1, origin.resource.attributes);
}

void write_scope(writer& scope_spans, const span_origin& origin) {
    writer out{scope_spans, 1};
    write_text(out, 1, origin.scope_name);
    write_text(out, 2, origin.scope_version);
}

// The scope that the sidecar's own spans are recorded under.
std::string own_scope() {
    std::string bytes;
    {
        writer out{bytes};
        writer scope{out, 1};
        scope.add_string(1, "outrider");
        scope.add_string(2, OUTRIDER_VERSION);
    }  // the scope gets its length here
    return bytes;
}

}  // namespace

std::string encode_otlp(const std::vector<span_data>& spans) {
    std::string bytes;
    writer request{bytes};
    for (std::size_t i = 0; i < spans.size();) {
        auto origin = spans[i].origin;
        writer resource_spans{request, 1};
        if (origin) write_origin(resource_spans, *origin);
        writer scope_spans{resource_spans, 2};
        if (origin) write_scope(scope_spans, *origin);
        for (; i < spans.size() && spans[i].origin == origin; ++i) write_span(scope_spans, spans[i]);
    }
    return bytes;
}

std::string encode_resource(const resource& from) {
    std::string bytes;
    writer out{bytes};
    write_attributes(out, 1, from.attributes);
    return bytes;
}

std::string otlp_request(const resource& from, std::string_view span_entries) {
    using namespace protobuf;
    const auto scope = own_scope(), resource_bytes = encode_resource(from);
    auto scope_spans = scope.size() + span_entries.size();
    auto resource_spans = field_size(resource_bytes.size()) + field_size(scope_spans);
    std::string out;
    out.reserve(field_size(resource_spans));
    auto open = [&](unsigned number, std::size_t size) {
        auto* to = grow(out, 1 + varint_size(size));
        *to++ = tag(number, wire::bytes);
        put_varint(to, size);
    };
    open(1, resource_spans);
    open(1, resource_bytes.size());
    out += resource_bytes;
    open(2, scope_spans);
    out.append(scope).append(span_entries);
    return out;
}

}  // namespace outrider::tracing
