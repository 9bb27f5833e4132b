#include "tracing/otlp_values.hpp"

namespace outrider::tracing {

void otlp_values::event_fields(reader in, span_event& to) {
    while (in.next()) {
        switch (in.tag_and_type()) {
            case field(1, wire::fixed64):
                to.unix_ns = in.get_fixed64();
                break;
            case text_field(2):
                to.name = text(in);
                break;
            case text_field(3):
                bounded_attribute(in, to.attributes, to.dropped_attributes);
                break;
            case field(4, wire::varint):
                to.dropped_attributes += in.get_uint32();
                break;
            default:
                in.skip();
        }
    }
}

void otlp_values::link_fields(reader in, span_reference& to) {
    while (in.next()) {
        switch (in.tag_and_type()) {
            case text_field(1):
                id(in, to.trace.bytes);
                break;
            case text_field(2):
                id(in, to.span.bytes);
                break;
            case text_field(3):
                to.tracestate = text(in);
                break;
            case text_field(4):
                bounded_attribute(in, to.attributes, to.dropped_attributes);
                break;
            case field(5, wire::varint):
                to.dropped_attributes += in.get_uint32();
                break;
            case field(6, wire::fixed32):
                to.flags = in.get_fixed32();
                break;
            default:
                in.skip();
        }
    }
}

void otlp_values::bounded_attribute(reader& in, std::vector<attribute>& to, std::uint32_t& dropped) {
    auto content = in.get_message();
    if (to.size() >= limits_.items) {
        ++dropped;
        return;
    }
    key_value(content, budget_.add(to), 0);
}

void otlp_values::key_value(reader in, attribute& to, unsigned depth) {
    while (in.next()) {
        switch (in.tag_and_type()) {
            case text_field(1):
                to.key = text(in);
                break;
            case text_field(2):
                any_value(in.get_message(), to.value, depth);
                break;
            default:
                in.skip();
        }
    }
}

void otlp_values::any_value(reader in, attribute_value& to, unsigned depth) {
    require_depth(depth);
    while (in.next()) {
        switch (in.tag_and_type()) {
            case text_field(1):
                to.data = text(in);
                break;
            case field(2, wire::varint):
                to.data = in.get_bool();
                break;
            case field(3, wire::varint):
                to.data = in.get_int64();
                break;
            case field(4, wire::fixed64):
                to.data = in.get_double();
                break;
            case text_field(5):
                array(in.get_message(), to.data.emplace<attribute_value::array>(), depth + 1);
                break;
            case text_field(6):
                key_values(in.get_message(), to.data.emplace<attribute_value::key_values>(), depth + 1);
                break;
            case text_field(7):
                to.data = byte_string{raw(in)};
                break;
            default:
                in.skip();
        }
    }
}

void otlp_values::array(reader in, attribute_value::array& to, unsigned depth) {
    while (in.next()) {
        if (in.tag_and_type() == text_field(1)) {
            any_value(in.get_message(), budget_.add(to), depth);
        } else {
            in.skip();
        }
    }
}

void otlp_values::key_values(reader in, attribute_value::key_values& to, unsigned depth) {
    while (in.next()) {
        if (in.tag_and_type() == text_field(1)) {
            key_value(in.get_message(), budget_.add(to), depth);
        } else {
            in.skip();
        }
    }
}

std::string otlp_values::raw(reader& in) {
    auto view = in.get_view();
    budget_.charge(view.size());
    return {view.data(), view.size()};
}

std::string otlp_values::text(reader& in) {
    auto view = in.get_view();
    std::string_view bytes{view.data(), view.size()};
    budget_.charge(is_ascii(bytes) ? bytes.size() : 3 * bytes.size());  // U+FFFD takes three bytes
    std::string clean;
    append_utf8(clean, bytes);
    return clean;
}

}  // namespace outrider::tracing
