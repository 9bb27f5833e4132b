// Decodes ExportTraceServiceRequest with protozero. Every field is chosen by number *and* wire type, so a field of an
// unexpected type is skipped like an unknown one.
#include <cstring>

#include <protozero/pbf_reader.hpp>

#include "tracing/memory_budget.hpp"
#include "tracing/otlp.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

using wire = protozero::pbf_wire_type;
using reader = protozero::pbf_reader;

constexpr std::uint32_t field(protozero::pbf_tag_type number, wire type) {
    return protozero::tag_and_type(number, type);
}
constexpr std::uint32_t text_field(protozero::pbf_tag_type number) { return field(number, wire::length_delimited); }

/// Decodes one request; its state is what the limits still allow.
class otlp_reader {
  public:
    explicit otlp_reader(const decode_limits& limits) : limits_(limits), budget_(limits.memory) {}

    decoded_spans request(reader in) {
        while (in.next()) {
            if (in.tag_and_type() == text_field(1)) {
                resource_spans(in.get_message());
            } else {
                in.skip();
            }
        }
        return std::move(result_);
    }

  private:
    void resource_spans(reader in) {
        span_origin origin;
        auto scopes = in;  // the resource may stand behind its spans
        while (in.next()) {
            if (in.tag_and_type() == text_field(1)) {
                resource_of(in.get_message(), origin.resource);
            } else {
                in.skip();
            }
        }
        while (scopes.next()) {
            if (scopes.tag_and_type() == text_field(2)) {
                scope_spans(scopes.get_message(), origin);
            } else {
                scopes.skip();
            }
        }
    }

    void resource_of(reader in, resource& to) {
        while (in.next()) {
            if (in.tag_and_type() == text_field(1)) {
                key_value(in.get_message(), budget_.add(to.attributes), 0);
            } else {
                in.skip();
            }
        }
    }

    void scope_spans(reader in, span_origin origin) {
        auto spans = in;
        while (in.next()) {
            if (in.tag_and_type() == text_field(1)) {
                scope(in.get_message(), origin);
            } else {
                in.skip();
            }
        }
        charge_origin(origin);
        auto shared = std::make_shared<const span_origin>(std::move(origin));
        while (spans.next()) {
            if (spans.tag_and_type() == text_field(2)) {
                add_span(spans.get_message(), shared);
            } else {
                spans.skip();
            }
        }
    }

    // Each scope copies the resource: thousands of empty scopes under a large resource must not multiply it unpaid.
    void charge_origin(const span_origin& origin) {
        std::size_t bytes = sizeof origin;
        for (const auto& one : origin.resource.attributes) bytes += memory_of(one);
        budget_.charge(bytes);
    }

    void scope(reader in, span_origin& to) {
        while (in.next()) {
            switch (in.tag_and_type()) {
                case text_field(1):
                    to.scope_name = text(in);
                    break;
                case text_field(2):
                    to.scope_version = text(in);
                    break;
                default:
                    in.skip();
            }
        }
    }

    void add_span(reader in, const std::shared_ptr<const span_origin>& origin) {
        span_data span;
        span_fields(in, span);
        if (!span.trace.valid() || !span.span.valid()) {
            ++result_.rejected;
            return;
        }
        span.origin = origin;
        budget_.add(result_.spans) = std::move(span);
    }

    // A flat switch over the fields of trace.proto's Span.
    void span_fields(reader in, span_data& to) {
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
                    id(in, to.parent.bytes);
                    break;
                case text_field(5):
                    to.name = text(in);
                    break;
                case field(6, wire::varint):
                    to.kind = kind(in.get_enum());
                    break;
                case field(7, wire::fixed64):
                    to.start_unix_ns = in.get_fixed64();
                    break;
                case field(8, wire::fixed64):
                    to.end_unix_ns = in.get_fixed64();
                    break;
                case text_field(9):
                    bounded_attribute(in, to.attributes, to.dropped_attributes);
                    break;
                case field(10, wire::varint):
                    to.dropped_attributes += in.get_uint32();
                    break;
                case text_field(11):
                    event(in, to);
                    break;
                case field(12, wire::varint):
                    to.dropped_events += in.get_uint32();
                    break;
                case text_field(13):
                    link(in, to);
                    break;
                case field(14, wire::varint):
                    to.dropped_links += in.get_uint32();
                    break;
                case text_field(15):
                    status(in.get_message(), to);
                    break;
                case field(16, wire::fixed32):
                    to.flags = in.get_fixed32();
                    break;
                default:
                    in.skip();
            }
        }
    }

    void event(reader& in, span_data& span) {
        auto content = in.get_message();
        if (span.events.size() >= limits_.items) {
            ++span.dropped_events;
            return;
        }
        auto& to = budget_.add(span.events);
        while (content.next()) {
            switch (content.tag_and_type()) {
                case field(1, wire::fixed64):
                    to.unix_ns = content.get_fixed64();
                    break;
                case text_field(2):
                    to.name = text(content);
                    break;
                case text_field(3):
                    bounded_attribute(content, to.attributes, to.dropped_attributes);
                    break;
                case field(4, wire::varint):
                    to.dropped_attributes += content.get_uint32();
                    break;
                default:
                    content.skip();
            }
        }
    }

    void link(reader& in, span_data& span) {
        auto content = in.get_message();
        if (span.links.size() >= limits_.items) {
            ++span.dropped_links;
            return;
        }
        auto& to = budget_.add(span.links);
        link_fields(content, to);
        if (to.trace.valid() && to.span.valid()) return;
        span.links.pop_back();
        ++span.dropped_links;
    }

    void link_fields(reader in, span_reference& to) {
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

    void status(reader in, span_data& to) {
        while (in.next()) {
            switch (in.tag_and_type()) {
                case text_field(2):
                    to.status_message = text(in);
                    break;
                case field(3, wire::varint):
                    to.status = code(in.get_enum());
                    break;
                default:
                    in.skip();
            }
        }
    }

    void bounded_attribute(reader& in, std::vector<attribute>& to, std::uint32_t& dropped) {
        auto content = in.get_message();
        if (to.size() >= limits_.items) {
            ++dropped;
            return;
        }
        key_value(content, budget_.add(to), 0);
    }

    void key_value(reader in, attribute& to, unsigned depth) {
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

    void any_value(reader in, attribute_value& to, unsigned depth) {
        if (depth >= limits_.depth) throw decode_failure{decode_error::too_deep};
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

    void array(reader in, attribute_value::array& to, unsigned depth) {
        while (in.next()) {
            if (in.tag_and_type() == text_field(1)) {
                any_value(in.get_message(), budget_.add(to), depth);
            } else {
                in.skip();
            }
        }
    }

    void key_values(reader in, attribute_value::key_values& to, unsigned depth) {
        while (in.next()) {
            if (in.tag_and_type() == text_field(1)) {
                key_value(in.get_message(), budget_.add(to), depth);
            } else {
                in.skip();
            }
        }
    }

    std::string raw(reader& in) {
        auto view = in.get_view();
        budget_.charge(view.size());
        return {view.data(), view.size()};
    }

    std::string text(reader& in) {
        auto view = in.get_view();
        std::string_view bytes{view.data(), view.size()};
        budget_.charge(is_ascii(bytes) ? bytes.size() : 3 * bytes.size());  // U+FFFD takes three bytes
        std::string clean;
        append_utf8(clean, bytes);
        return clean;
    }

    // An id of any other length is none.
    template <std::size_t Size>
    static void id(reader& in, std::array<std::uint8_t, Size>& to) {
        auto view = in.get_view();
        to.fill(0);
        if (view.size() == Size) std::memcpy(to.data(), view.data(), Size);
    }

    static span_kind kind(std::int32_t number) {
        return number >= 1 && number <= 5 ? static_cast<span_kind>(number) : span_kind::internal;
    }

    static status_code code(std::int32_t number) {
        return number >= 0 && number <= 2 ? static_cast<status_code>(number) : status_code::unset;
    }

    const decode_limits& limits_;
    memory_budget budget_;
    decoded_spans result_;
};

}  // namespace

// protozero reports by exception; it ends here.
decode_result<decoded_spans> decode_otlp(std::string_view protobuf, const decode_limits& limits) {
    try {
        return otlp_reader{limits}.request(reader{protobuf.data(), protobuf.size()});
    } catch (const protozero::exception&) {
        return decode_error::malformed;
    } catch (const decode_failure& failure) {
        return failure.error;
    }
}

}  // namespace outrider::tracing
