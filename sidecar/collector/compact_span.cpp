#include "sidecar/collector/compact_span.hpp"

#include "sidecar/collector/byte_stream.hpp"

namespace outrider::collector {

using tracing::attribute;
using tracing::attribute_value;
using tracing::span_data;

namespace {

enum presence : unsigned {
    has_parent = 1,
    has_flags = 2,
    has_tracestate = 4,
    has_message = 8,
    has_dropped = 16,
    has_attributes = 32,
    has_events = 64,
    has_links = 128,
};

enum class value_type : unsigned { none, text, no, yes, whole, real, bytes, array, map };

constexpr unsigned deepest = 32;  // decoders of what comes in stop earlier

// The last two bits in front of a text.
constexpr std::uint64_t is_number = 1, is_beginning = 2;

/// The part of a URL that many have in common: up to the path. 0 when it is none.
std::size_t authority_of(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon > 8) return 0;
    const auto slash = text.find('/', colon + 3);
    return slash == std::string_view::npos ? 0 : slash;
}

std::string own_member(const tracing::span_id& id) { return "outrider=" + id.hex(); }

value_type type_of(const attribute_value& value) {
    if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? value_type::yes : value_type::no;
    static constexpr value_type types[] = {value_type::none, value_type::text,  value_type::no,    value_type::whole,
                                           value_type::real, value_type::bytes, value_type::array, value_type::map};
    return types[value.data.index()];
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

    void tracestate(const span_data& span) {
        const bool from_parent = span.tracestate == own_member(span.parent);
        out_.byte(from_parent ? 1 : 0);
        if (!from_parent) text(span.tracestate);
    }

    void attributes(const std::vector<attribute>& list) {
        std::string shape;
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

    void span(const span_data& span, std::uint32_t origin, std::uint64_t base_ns) {
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
    static unsigned presence_of(const span_data& span) {
        const bool dropped = span.dropped_attributes || span.dropped_events || span.dropped_links;
        return (span.parent.valid() ? has_parent : 0U) | (span.flags ? has_flags : 0U) |
               (span.tracestate.empty() ? 0U : has_tracestate) | (span.status_message.empty() ? 0U : has_message) |
               (dropped ? has_dropped : 0U) | (span.attributes.empty() ? 0U : has_attributes) |
               (span.events.empty() ? 0U : has_events) | (span.links.empty() ? 0U : has_links);
    }

    void events(const span_data& span) {
        out_.whole(span.events.size());
        for (const auto& one : span.events) {
            out_.whole(zigzag(one.unix_ns - span.start_unix_ns));
            text(one.name);
            attributes(one.attributes);
            out_.whole(one.dropped_attributes);
        }
    }

    void links(const span_data& span) {
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

    void value(const attribute_value& of) {
        if (const auto* string = std::get_if<std::string>(&of.data)) return text(*string);
        if (const auto* whole = std::get_if<std::int64_t>(&of.data))
            return out_.whole(zigzag(static_cast<std::uint64_t>(*whole)));
        if (const auto* real = std::get_if<double>(&of.data))
            return out_.raw({reinterpret_cast<const char*>(real), sizeof *real});
        if (const auto* raw = std::get_if<tracing::byte_string>(&of.data)) {
            out_.whole(raw->bytes.size());
            return out_.raw(raw->bytes);
        }
        if (const auto* list = std::get_if<attribute_value::array>(&of.data)) {
            out_.whole(list->size());
            for (const auto& one : *list) {
                out_.byte(static_cast<unsigned>(type_of(one)));
                value(one);
            }
        }
        if (const auto* map = std::get_if<attribute_value::key_values>(&of.data)) attributes(*map);
    }

    bool leaves_out(const attribute& one) const { return !without_.empty() && one.key == without_; }

    byte_writer out_;
    span_vocabulary& words_;
    std::string_view without_;
};

class reader {
  public:
    reader(std::string_view bytes, const span_vocabulary& words) : in_(bytes), words_(words) {}

    /// What is known already, or a part of what is read; otherwise it is put together in `joined`.
    std::string_view text(std::string& joined) {
        const auto head = in_.whole();
        if ((head & 3) == 0) return in_.raw(head >> 2);
        const auto known = words_.texts().text_of(head >> 2);
        if (!known || (head & 3) == 3) {
            in_.fail();
            return {};
        }
        if ((head & 3) == is_number) return *known;
        const auto rest = in_.whole();
        if ((rest & 3) != 0) in_.fail();
        joined = *known;
        joined += in_.raw(rest >> 2);
        return joined;
    }
    std::string text() {
        std::string joined;
        const auto found = text(joined);
        return joined.empty() ? std::string{found} : joined;
    }

    std::string tracestate(const tracing::span_id& parent) { return in_.byte() == 1 ? own_member(parent) : text(); }

    span_facts facts(std::uint64_t base_ns) {
        span_facts out;
        in_.array(out.span.bytes);
        out.origin = in_.whole();
        const auto kind_status = in_.byte();
        out.kind = static_cast<tracing::span_kind>(kind_status & 15);
        out.status = static_cast<tracing::status_code>(kind_status >> 4);
        std::string joined;
        out.name = text(joined);
        if (!joined.empty()) {  // never written so: the name would not last
            in_.fail();
            out.name = {};
        }
        out.start_unix_ns = base_ns + unzigzag(in_.whole());
        out.end_unix_ns = out.start_unix_ns + unzigzag(in_.whole());
        presence_ = in_.byte();
        if (presence_ & has_parent) in_.array(out.parent.bytes);
        return out;
    }

    span_data span(std::uint64_t base_ns) {
        span_data out;
        const auto first = facts(base_ns);
        out.span = first.span, out.parent = first.parent;
        out.kind = first.kind, out.status = first.status;
        out.name = first.name;
        out.start_unix_ns = first.start_unix_ns, out.end_unix_ns = first.end_unix_ns;
        out.origin = words_.origin_of(first.origin);
        if (!out.origin) in_.fail();
        if (presence_ & has_flags) out.flags = small();
        if (presence_ & has_tracestate) out.tracestate = tracestate(out.parent);
        if (presence_ & has_message) out.status_message = text();
        if (presence_ & has_dropped)
            for (auto* count : {&out.dropped_attributes, &out.dropped_events, &out.dropped_links}) *count = small();
        if (presence_ & has_attributes) attributes(out.attributes, 0);
        if (presence_ & has_events) events(out);
        if (presence_ & has_links) links(out);
        return out;
    }

    bool failed() const { return in_.failed(); }
    bool whole() const { return !in_.failed() && in_.done(); }

  private:
    std::uint32_t small() { return static_cast<std::uint32_t>(in_.whole()); }

    void attributes(std::vector<attribute>& into, unsigned depth) {
        std::string joined;
        byte_reader shape{text(joined)};
        if (depth > deepest) in_.fail();
        while (!shape.done() && !in_.failed()) {
            const auto type = static_cast<value_type>(shape.byte());
            const auto key = shape.raw(shape.whole());
            if (shape.failed()) return in_.fail();
            value(type, into.emplace_back(attribute{std::string{key}, {}}).value, depth);
        }
    }

    void events(span_data& span) {
        for (auto left = in_.whole(); left > 0 && !in_.failed(); --left) {
            auto& one = span.events.emplace_back();
            one.unix_ns = span.start_unix_ns + unzigzag(in_.whole());
            one.name = text();
            attributes(one.attributes, 0);
            one.dropped_attributes = small();
        }
    }

    void links(span_data& span) {
        for (auto left = in_.whole(); left > 0 && !in_.failed(); --left) {
            auto& one = span.links.emplace_back();
            in_.array(one.trace.bytes);
            in_.array(one.span.bytes);
            one.tracestate = text();
            attributes(one.attributes, 0);
            one.dropped_attributes = small();
            one.flags = small();
        }
    }

    void value(value_type type, attribute_value& into, unsigned depth) {
        switch (type) {
            case value_type::none:
                return;
            case value_type::text:
                into.data = text();
                return;
            case value_type::no:
            case value_type::yes:
                into.data = type == value_type::yes;
                return;
            case value_type::whole:
                into.data = static_cast<std::int64_t>(unzigzag(in_.whole()));
                return;
            case value_type::real: {
                double real = 0;
                const auto bytes = in_.raw(sizeof real);
                if (!bytes.empty()) std::memcpy(&real, bytes.data(), sizeof real);
                into.data = real;
                return;
            }
            case value_type::bytes:
                into.data = tracing::byte_string{std::string{in_.raw(in_.whole())}};
                return;
            case value_type::array:
                return array(into.data.emplace<attribute_value::array>(), depth + 1);
            case value_type::map:
                return attributes(into.data.emplace<attribute_value::key_values>(), depth + 1);
        }
        in_.fail();
    }

    void array(attribute_value::array& into, unsigned depth) {
        if (depth > deepest) in_.fail();
        for (auto left = in_.whole(); left > 0 && !in_.failed(); --left) {
            const auto type = static_cast<value_type>(in_.byte());
            value(type, into.emplace_back(), depth);
        }
    }

    byte_reader in_;
    const span_vocabulary& words_;
    unsigned presence_ = 0;
};

}  // namespace

bool encode_compact(const span_data& span, std::uint64_t base_ns, span_vocabulary& words, std::string& out,
                    std::string_view without) {
    const auto origin = words.number_of(span.origin);
    if (!origin) return false;
    writer{out, words, without}.span(span, *origin, base_ns);
    return true;
}

std::optional<span_data> decode_compact(std::string_view bytes, std::uint64_t base_ns, const span_vocabulary& words) {
    reader in{bytes, words};
    auto span = in.span(base_ns);
    if (!in.whole()) return std::nullopt;
    return span;
}

std::optional<span_facts> facts_of(std::string_view bytes, std::uint64_t base_ns, const span_vocabulary& words) {
    reader in{bytes, words};
    const auto facts = in.facts(base_ns);
    if (in.failed()) return std::nullopt;
    return facts;
}

}  // namespace outrider::collector
