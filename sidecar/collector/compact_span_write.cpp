#include "sidecar/collector/byte_stream.hpp"
#include "sidecar/collector/compact_format.hpp"
#include "sidecar/collector/compact_span.hpp"
#include "tracing/hex.hpp"

namespace outrider::collector {

using tracing::attribute_value;
using tracing::span_view;
using tracing::value_view;
using namespace compact;

namespace {

/// The part of a URL that many have in common: up to the path. 0 when it is none.
std::size_t authority_of(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon > 8) return 0;
    const auto slash = text.find('/', colon + 3);
    return slash == std::string_view::npos ? 0 : slash;
}

/// Whether it is just the own member, naming this span.
bool is_own_member(std::string_view tracestate, const tracing::span_id& id) {
    tracing::span_id named;
    return tracestate.size() == own_name.size() + 2 * named.bytes.size() && tracestate.starts_with(own_name) &&
           tracing::read_hex(tracestate.substr(own_name.size()), named.bytes) && named == id;
}

value_type type_of(const attribute_value& value) {
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? value_type::yes : value_type::no;
    static constexpr value_type types[] = {value_type::none, value_type::text,  value_type::no,    value_type::whole,
                                           value_type::real, value_type::bytes, value_type::array, value_type::map};
    return types[value.data.index()];
}

value_type type_of(const value_view& value) {
    if (const auto* nested = value.nested()) return type_of(*nested);
    if (value.is() == value_view::type::truth) return value.truth() ? value_type::yes : value_type::no;
    static constexpr value_type types[] = {value_type::none,  value_type::text, value_type::no,
                                           value_type::whole, value_type::real, value_type::bytes};
    return types[static_cast<std::size_t>(value.is())];
}

class writer {
  public:
    writer(std::string& out, span_vocabulary& words, std::string_view without)
        : out_(out), words_(words), without_(without) {}

    /// Without parts, so that it can be looked at where it is.
    void plain_text(std::string_view value) {
        const auto number = value.empty() ? std::nullopt : words_.texts().number_of(value);
        if (number) return out_.whole(std::uint64_t{*number} << 2 | is_number);
        out_.whole(std::uint64_t{value.size()} << 2);
        out_.raw(value);
    }

    void text(std::string_view value) {
        const auto number = value.empty() ? std::nullopt : words_.texts().number_of(value);
        if (number) return out_.whole(std::uint64_t{*number} << 2 | is_number);
        if (const auto size = authority_of(value); size > 0) {
            const auto begins = words_.texts().number_of(value.substr(0, size));
            if (begins) {
                out_.whole(std::uint64_t{*begins} << 2 | is_beginning);
                value.remove_prefix(size);
            }
        }
        out_.whole(std::uint64_t{value.size()} << 2);
        out_.raw(value);
    }

    void tracestate(const span_view& span) {
        const bool from_parent = is_own_member(span.tracestate, span.parent);
        out_.byte(from_parent ? 1 : 0);
        if (!from_parent) text(span.tracestate);
    }

    template <class List>
    void attributes(const List& list) {
        auto& shape = words_.scratch();
        shape.clear();
        byte_writer into{shape};
        for (const auto& one : list) {
            if (leaves_out(one)) continue;
            into.byte(static_cast<unsigned>(type_of(one.value)));
            into.whole(one.key.size());
            into.raw(one.key);
        }
        text(shape);
        for (const auto& one : list)
            if (!leaves_out(one)) value(one.value);
    }

    void span(const span_view& span, std::uint32_t origin, std::uint64_t base_ns) {
        out_.array(span.span.bytes);
        out_.whole(origin);
        out_.byte(static_cast<unsigned>(span.kind) | static_cast<unsigned>(span.status) << 4);
        plain_text(span.name);
        out_.whole(zigzag(span.start_unix_ns - base_ns));
        out_.whole(zigzag(span.end_unix_ns - span.start_unix_ns));
        const auto mask = presence_of(span);
        out_.byte(mask);
        if (mask & has_parent) out_.array(span.parent.bytes);
        if (mask & has_flags) out_.whole(span.flags);
        if (mask & has_tracestate) tracestate(span);
        if (mask & has_message) text(span.status_message);
        if (mask & has_dropped)
            for (const auto count : {span.dropped_attributes, span.dropped_events, span.dropped_links})
                out_.whole(count);
        if (mask & has_attributes) attributes(span.attributes);
        if (mask & has_events) events(span);
        if (mask & has_links) links(span);
    }

  private:
    static unsigned presence_of(const span_view& span) {
        const bool dropped = span.dropped_attributes || span.dropped_events || span.dropped_links;
        return (span.parent.valid() ? has_parent : 0U) | (span.flags ? has_flags : 0U) |
               (span.tracestate.empty() ? 0U : has_tracestate) | (span.status_message.empty() ? 0U : has_message) |
               (dropped ? has_dropped : 0U) | (span.attributes.empty() ? 0U : has_attributes) |
               (span.events.empty() ? 0U : has_events) | (span.links.empty() ? 0U : has_links);
    }

    void events(const span_view& span) {
        out_.whole(span.events.size());
        for (const auto& one : span.events) {
            out_.whole(zigzag(one.unix_ns - span.start_unix_ns));
            text(one.name);
            attributes(one.attributes);
            out_.whole(one.dropped_attributes);
        }
    }

    void links(const span_view& span) {
        out_.whole(span.links.size());
        for (const auto& one : span.links) {
            out_.array(one.trace.bytes);
            out_.array(one.span.bytes);
            text(one.tracestate);
            attributes(one.attributes);
            out_.whole(one.dropped_attributes);
            out_.whole(one.flags);
        }
    }

    void value(const value_view& of) {
        if (of.is() == value_view::type::text) return text(of.text());
        if (of.is() == value_view::type::whole) return out_.whole(zigzag(static_cast<std::uint64_t>(of.whole())));
        if (const auto* nested = of.nested()) return value(*nested);
        if (of.is() == value_view::type::real) return real(of.real());
        if (of.is() == value_view::type::bytes) return bytes(of.bytes());
    }

    void value(const attribute_value& of) {
        if (const auto* string = std::get_if<std::string>(&of.data)) return text(*string);
        if (const auto* whole = std::get_if<std::int64_t>(&of.data))
            return out_.whole(zigzag(static_cast<std::uint64_t>(*whole)));
        if (const auto* number = std::get_if<double>(&of.data)) return real(*number);
        if (const auto* raw = std::get_if<tracing::byte_string>(&of.data)) return bytes(raw->bytes);
        if (const auto* list = std::get_if<attribute_value::array>(&of.data)) {
            out_.whole(list->size());
            for (const auto& one : *list) {
                out_.byte(static_cast<unsigned>(type_of(one)));
                value(one);
            }
        }
        if (const auto* map = std::get_if<attribute_value::key_values>(&of.data)) attributes(*map);
    }

    void real(double value) { out_.raw({reinterpret_cast<const char*>(&value), sizeof value}); }

    void bytes(std::string_view value) {
        out_.whole(value.size());
        out_.raw(value);
    }

    template <class Attribute>
    bool leaves_out(const Attribute& one) const {
        return !without_.empty() && one.key == without_;
    }

    byte_writer out_;
    span_vocabulary& words_;
    std::string_view without_;
};

}  // namespace

bool encode_compact(const span_view& span, std::uint64_t base_ns, span_vocabulary& words, std::string& out,
                    std::string_view without) {
    const auto origin = words.number_of(*span.origin);
    if (!origin) return false;
    writer{out, words, without}.span(span, *origin, base_ns);
    return true;
}

}  // namespace outrider::collector
