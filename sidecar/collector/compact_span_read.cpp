#include "sidecar/collector/byte_stream.hpp"
#include "sidecar/collector/compact_format.hpp"
#include "sidecar/collector/compact_span.hpp"

namespace outrider::collector {

using tracing::attribute;
using tracing::attribute_value;
using tracing::span_data;
using namespace compact;

namespace {

std::string own_member(const tracing::span_id& id) { return std::string{own_name} + id.hex(); }

class reader {
  public:
    reader(std::string_view bytes, const span_vocabulary& words, attribute_filter only = nullptr)
        : in_(bytes), words_(words), only_(only) {}

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
        if (presence_ & has_attributes) only_ == nullptr ? attributes(out.attributes, 0) : wanted(out.attributes);
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

    void wanted(std::vector<attribute>& into) {
        std::string joined;
        byte_reader shape{text(joined)};
        while (!shape.done() && !in_.failed()) {
            const auto type = static_cast<value_type>(shape.byte());
            const auto key = shape.raw(shape.whole());
            if (shape.failed()) return in_.fail();
            if (only_(key)) {
                value(type, into.emplace_back(attribute{std::string{key}, {}}).value, 0);
            } else {
                skip(type);
            }
        }
    }

    void skip(value_type type) {
        attribute_value unwanted;
        switch (type) {
            case value_type::none:
            case value_type::no:
            case value_type::yes:
                return;
            case value_type::text:
                return skip_text();
            case value_type::whole:
                return void(in_.whole());
            case value_type::real:
                return void(in_.raw(sizeof(double)));
            case value_type::bytes:
                return void(in_.raw(in_.whole()));
            case value_type::array:
            case value_type::map:  // seldom
                return value(type, unwanted, 0);
        }
        in_.fail();
    }

    void skip_text() {
        auto head = in_.whole();
        if ((head & 3) == is_number) return;
        if ((head & 3) == is_beginning) head = in_.whole();
        if ((head & 3) != 0) return in_.fail();
        in_.raw(head >> 2);
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
    const attribute_filter only_;
    unsigned presence_ = 0;
};

}  // namespace

std::optional<span_data> decode_compact(std::string_view bytes, std::uint64_t base_ns, const span_vocabulary& words,
                                        attribute_filter only) {
    reader in{bytes, words, only};
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
