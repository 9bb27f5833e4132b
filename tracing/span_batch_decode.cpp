// Decodes ExportTraceServiceRequest with protozero, in one pass and in place.
#include "tracing/otlp_values.hpp"
#include "tracing/span_batch.hpp"

namespace outrider::tracing {

/// Decodes one request.
class span_batch_reader {
  public:
    using reader = otlp_values::reader;
    using wire = otlp_values::wire;

    span_batch_reader(span_batch& into, const decode_limits& limits) : to_(into), values_(limits) {}

    void request(reader in) {
        while (in.next()) {
            if (in.tag_and_type() == text_field(1)) {
                resource_spans(in.get_message());
            } else {
                in.skip();
            }
        }
        to_.set_lists();
        const auto listed = to_.spans_.size() * (sizeof(span_view) + sizeof(span_batch::extent)) +
                            to_.attributes_.size() * sizeof(attribute_view);
        to_.beside_ = limits().memory - values_.budget().left() - 2 * listed;
    }

  private:
    static constexpr std::uint32_t field(protozero::pbf_tag_type number, wire type) {
        return otlp_values::field(number, type);
    }
    static constexpr std::uint32_t text_field(protozero::pbf_tag_type number) {
        return otlp_values::text_field(number);
    }
    const decode_limits& limits() const { return values_.limits(); }

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
                values_.key_value(in.get_message(), values_.budget().add(to.attributes), 0);
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
        const auto& shared = to_.origins_.emplace_back(std::make_shared<const span_origin>(std::move(origin)));
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
        values_.budget().charge(bytes);
    }

    void scope(reader in, span_origin& to) {
        while (in.next()) {
            switch (in.tag_and_type()) {
                case text_field(1):
                    to.scope_name = values_.text(in);
                    break;
                case text_field(2):
                    to.scope_version = values_.text(in);
                    break;
                default:
                    in.skip();
            }
        }
    }

    void add_span(reader in, const shared_origin& origin) {
        begin_ = to_.here();
        values_.budget().charge(2 * (sizeof(span_view) + sizeof(span_batch::extent)));
        auto& span = to_.spans_.emplace_back();
        span_fields(in, span);
        if (!span.trace.valid() || !span.span.valid()) {
            ++to_.rejected_;
            to_.spans_.pop_back();
            to_.attributes_.resize(begin_.attributes);
            to_.events_.resize(begin_.events);
            to_.links_.resize(begin_.links);
            return;
        }
        span.origin = &origin;
        to_.ends_.push_back(to_.here());
    }

    // A flat switch over the fields of trace.proto's Span.
    void span_fields(reader in, span_view& to) {
        while (in.next()) {
            switch (in.tag_and_type()) {
                case text_field(1):
                    otlp_values::id(in, to.trace.bytes);
                    break;
                case text_field(2):
                    otlp_values::id(in, to.span.bytes);
                    break;
                case text_field(3):
                    to.tracestate = text(in);
                    break;
                case text_field(4):
                    otlp_values::id(in, to.parent.bytes);
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
                    attribute_of(in.get_message(), to);
                    break;
                case field(10, wire::varint):
                    to.dropped_attributes += in.get_uint32();
                    break;
                case text_field(11):
                    event(in.get_message(), to);
                    break;
                case field(12, wire::varint):
                    to.dropped_events += in.get_uint32();
                    break;
                case text_field(13):
                    link(in.get_message(), to);
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

    void attribute_of(reader in, span_view& span) {
        if (to_.attributes_.size() - begin_.attributes >= limits().items) {
            ++span.dropped_attributes;
            return;
        }
        auto& to = values_.budget().add(to_.attributes_);
        while (in.next()) {
            switch (in.tag_and_type()) {
                case text_field(1):
                    to.key = text(in);
                    break;
                case text_field(2):
                    any_value(in.get_message(), to.value);
                    break;
                default:
                    in.skip();
            }
        }
    }

    void any_value(reader in, value_view& to) {
        values_.require_depth(0);
        while (in.next()) {
            switch (in.tag_and_type()) {
                case text_field(1):
                    to = value_view::of_text(text(in));
                    break;
                case field(2, wire::varint):
                    to = value_view::of(in.get_bool());
                    break;
                case field(3, wire::varint):
                    to = value_view::of(in.get_int64());
                    break;
                case field(4, wire::fixed64):
                    to = value_view::of(in.get_double());
                    break;
                case text_field(5):
                    values_.array(in.get_message(), nested(to).emplace<attribute_value::array>(), 1);
                    break;
                case text_field(6):
                    values_.key_values(in.get_message(), nested(to).emplace<attribute_value::key_values>(), 1);
                    break;
                case text_field(7): {
                    const auto view = in.get_view();
                    to = value_view::of_bytes({view.data(), view.size()});
                    break;
                }
                default:
                    in.skip();
            }
        }
    }

    decltype(attribute_value::data)& nested(value_view& to) {
        values_.budget().charge(2 * sizeof(attribute_value));
        auto& value = to_.nested_.emplace_back();
        to = value_view::of(&value);
        return value.data;
    }

    void event(reader in, span_view& span) {
        if (to_.events_.size() - begin_.events >= limits().items) {
            ++span.dropped_events;
            return;
        }
        values_.event_fields(in, values_.budget().add(to_.events_));
    }

    void link(reader in, span_view& span) {
        if (to_.links_.size() - begin_.links >= limits().items) {
            ++span.dropped_links;
            return;
        }
        auto& to = values_.budget().add(to_.links_);
        values_.link_fields(in, to);
        if (to.trace.valid() && to.span.valid()) return;
        to_.links_.pop_back();
        ++span.dropped_links;
    }

    void status(reader in, span_view& to) {
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

    /// Where it stands; what is no UTF-8 is put right elsewhere.
    std::string_view text(reader& in) {
        const auto view = in.get_view();
        const std::string_view bytes{view.data(), view.size()};
        return is_ascii(bytes) ? bytes : clean(bytes);
    }

    std::string_view clean(std::string_view bytes) {
        auto left = bytes;
        while (!left.empty()) {
            const auto length = utf8_character(left);
            if (length == 0) break;
            left.remove_prefix(length);
        }
        if (left.empty()) return bytes;
        values_.budget().charge(sizeof(std::string) + 3 * bytes.size());  // U+FFFD takes three bytes
        auto& text = to_.texts_.emplace_back();
        append_utf8(text, bytes);
        return text;
    }

    static span_kind kind(std::int32_t number) {
        return number >= 1 && number <= 5 ? static_cast<span_kind>(number) : span_kind::internal;
    }

    static status_code code(std::int32_t number) {
        return number >= 0 && number <= 2 ? static_cast<status_code>(number) : status_code::unset;
    }

    span_batch& to_;
    otlp_values values_;
    span_batch::extent begin_;  ///< of the span that is being decoded
};

namespace {

std::string reason_of(const protozero::exception& error) {
    if (dynamic_cast<const protozero::end_of_buffer_exception*>(&error) != nullptr)
        return "it ends too early, or a length in it is wrong";
    if (dynamic_cast<const protozero::varint_too_long_exception*>(&error) != nullptr)
        return "it has a number of more than 64 bits";
    return "it is no protobuf";
}

}  // namespace

// protozero reports by exception; it ends here.
std::optional<decode_fault> span_batch::decode(std::string_view request, const decode_limits& limits) {
    clear();
    try {
        span_batch_reader{*this, limits}.request(otlp_values::reader{request.data(), request.size()});
        return std::nullopt;
    } catch (const protozero::exception& error) {
        auto where = reason_of(error) + "; spans before: " + std::to_string(ends_.size() + rejected_);
        clear();
        return decode_fault{decode_error::malformed, std::move(where)};
    } catch (const decode_failure& failure) {
        clear();
        return failure.error;
    }
}

}  // namespace outrider::tracing
