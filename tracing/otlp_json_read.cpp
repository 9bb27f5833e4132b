// Decodes ExportTraceServiceRequest from OTLP/JSON: protobuf's JSON mapping, but ids in hex.
#include "tracing/base64.hpp"
#include "tracing/hex.hpp"
#include "tracing/json_reader.hpp"
#include "tracing/otlp.hpp"

namespace outrider::tracing {
namespace {

using json::array_member;
using json::count_member;
using json::fail;
using json::member;
using json::object_member;
using json::text_member;
using json::unsigned_member;
using value = nlohmann::json;

// resourceSpans, scopeSpans, spans, events and attributes take two levels each, an AnyValue four.
constexpr unsigned document_depth(const decode_limits& limits) { return 16 + 4 * limits.depth; }

// Calls visit(item) for each item of an array member.
template <class Visit>
void for_each(const value& object, const char* name, Visit visit) {
    if (const auto* list = array_member(object, name)) {
        for (const auto& item : *list) visit(item);
    }
}

// Calls visit(item) for the items that fit and counts the others as dropped.
template <class Visit>
void for_each_bounded(const value& object, const char* name, std::uint32_t limit, std::uint32_t& dropped, Visit visit) {
    std::uint32_t seen = 0;
    for_each(object, name, [&](const value& item) {
        if (seen++ < limit) {
            visit(item);
        } else {
            ++dropped;
        }
    });
}

// An id that is no hex of the right length is none.
template <class Id>
Id id_member(const value& object, const char* name) {
    Id id;
    if (!read_hex(text_member(object, name), id.bytes, hex_case::any)) id = {};
    return id;
}

span_kind kind_of(const value& span) {
    static constexpr std::string_view names[] = {"SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT",
                                                 "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"};
    const auto* kind = member(span, "kind");
    if (kind == nullptr) return span_kind::internal;
    if (kind->is_string()) {
        for (int i = 0; i < 5; ++i) {
            if (kind->get_ref<const std::string&>() == names[i]) return static_cast<span_kind>(i + 1);
        }
        return span_kind::internal;
    }
    auto number = json::to_signed(*kind, "kind");
    return number >= 1 && number <= 5 ? static_cast<span_kind>(number) : span_kind::internal;
}

status_code code_of(const value& status) {
    const auto* code = member(status, "code");
    if (code == nullptr) return status_code::unset;
    if (code->is_string()) {
        const auto& name = code->get_ref<const std::string&>();
        return name == "STATUS_CODE_OK"      ? status_code::ok
               : name == "STATUS_CODE_ERROR" ? status_code::error
                                             : status_code::unset;
    }
    auto number = json::to_signed(*code, "code");
    return number >= 0 && number <= 2 ? static_cast<status_code>(number) : status_code::unset;
}

/// Decodes one request; its state is what the limits still allow.
class otlp_json_reader {
  public:
    explicit otlp_json_reader(const decode_limits& limits) : limits_(limits), budget_(limits.memory) {}

    decoded_spans request(const value& document) {
        try {
            for_each(document, "resourceSpans", [&](const value& one) { resource_spans(one); });
        } catch (decode_failure& failure) {
            if (in_span_ && failure.error == decode_error::malformed)
                failure.error.where += ", in span " + std::to_string(seen_) + " of the request";
            throw;
        }
        return std::move(result_);
    }

  private:
    void resource_spans(const value& in) {
        span_origin origin;
        if (const auto* from = object_member(in, "resource")) {
            for_each(*from, "attributes",
                     [&](const value& one) { key_value(one, budget_.add(origin.resource.attributes), 0); });
        }
        for_each(in, "scopeSpans", [&](const value& one) { scope_spans(one, origin); });
    }

    void scope_spans(const value& in, span_origin origin) {
        if (const auto* scope = object_member(in, "scope")) {
            origin.scope_name = text(*scope, "name");
            origin.scope_version = text(*scope, "version");
        }
        std::size_t bytes = sizeof origin;
        for (const auto& one : origin.resource.attributes) bytes += memory_of(one);
        budget_.charge(bytes);
        auto shared = std::make_shared<const span_origin>(std::move(origin));
        for_each(in, "spans", [&](const value& one) {
            ++seen_;
            in_span_ = true;
            add_span(one, shared);
            in_span_ = false;
        });
    }

    void add_span(const value& in, const std::shared_ptr<const span_origin>& origin) {
        span_data span;
        span.trace = id_member<trace_id>(in, "traceId");
        span.span = id_member<span_id>(in, "spanId");
        if (!span.trace.valid() || !span.span.valid()) {
            ++result_.rejected;
            return;
        }
        span.origin = origin;
        fields(in, span);
        budget_.add(result_.spans) = std::move(span);
    }

    void fields(const value& in, span_data& to) {
        to.parent = id_member<span_id>(in, "parentSpanId");
        to.flags = count_member(in, "flags");
        to.tracestate = text(in, "traceState");
        to.name = text(in, "name");
        to.kind = kind_of(in);
        to.start_unix_ns = unsigned_member(in, "startTimeUnixNano");
        to.end_unix_ns = unsigned_member(in, "endTimeUnixNano");
        to.dropped_events = count_member(in, "droppedEventsCount");
        to.dropped_links = count_member(in, "droppedLinksCount");
        attributes(in, to.attributes, to.dropped_attributes);
        for_each_bounded(in, "events", limits_.items, to.dropped_events, [&](const value& one) { event(one, to); });
        for_each_bounded(in, "links", limits_.items, to.dropped_links, [&](const value& one) { link(one, to); });
        if (const auto* status = object_member(in, "status")) {
            to.status = code_of(*status);
            to.status_message = text(*status, "message");
        }
    }

    void event(const value& in, span_data& span) {
        auto& to = budget_.add(span.events);
        to.unix_ns = unsigned_member(in, "timeUnixNano");
        to.name = text(in, "name");
        attributes(in, to.attributes, to.dropped_attributes);
    }

    void link(const value& in, span_data& span) {
        span_reference to;
        to.trace = id_member<trace_id>(in, "traceId");
        to.span = id_member<span_id>(in, "spanId");
        if (!to.trace.valid() || !to.span.valid()) {
            ++span.dropped_links;
            return;
        }
        to.tracestate = text(in, "traceState");
        to.flags = count_member(in, "flags");
        attributes(in, to.attributes, to.dropped_attributes);
        budget_.add(span.links) = std::move(to);
    }

    void attributes(const value& in, std::vector<attribute>& to, std::uint32_t& dropped) {
        dropped = count_member(in, "droppedAttributesCount");
        for_each_bounded(in, "attributes", limits_.items, dropped,
                         [&](const value& one) { key_value(one, budget_.add(to), 0); });
    }

    void key_value(const value& in, attribute& to, unsigned depth) {
        to.key = text(in, "key");
        if (const auto* any = object_member(in, "value")) any_value(*any, to.value, depth);
    }

    void any_value(const value& in, attribute_value& to, unsigned depth) {
        if (depth >= limits_.depth) throw decode_failure{decode_error::too_deep};
        if (member(in, "stringValue") != nullptr) {
            to.data = text(in, "stringValue");
        } else if (const auto* yes = member(in, "boolValue")) {
            if (!yes->is_boolean()) fail("'boolValue' is neither true nor false");
            to.data = yes->get<bool>();
        } else if (const auto* integer = member(in, "intValue")) {
            to.data = json::to_signed(*integer, "intValue");
        } else if (const auto* number = member(in, "doubleValue")) {
            to.data = json::to_double(*number, "doubleValue");
        } else if (const auto* array = object_member(in, "arrayValue")) {
            auto& list = to.data.emplace<attribute_value::array>();
            for_each(*array, "values", [&](const value& one) { any_value(one, budget_.add(list), depth + 1); });
        } else if (const auto* key_values = object_member(in, "kvlistValue")) {
            auto& list = to.data.emplace<attribute_value::key_values>();
            for_each(*key_values, "values", [&](const value& one) { key_value(one, budget_.add(list), depth + 1); });
        } else if (member(in, "bytesValue") != nullptr) {
            auto raw = decode_base64(text_member(in, "bytesValue"));
            if (!raw) fail("'bytesValue' is no base64");
            to.data = byte_string{std::move(*raw)};
        }
    }

    std::string text(const value& object, const char* name) {
        auto found = text_member(object, name);
        budget_.charge(found.size());
        return std::string{found};
    }

    const decode_limits& limits_;
    memory_budget budget_;
    decoded_spans result_;
    std::size_t seen_ = 0;  ///< spans, with the one that is being read
    bool in_span_ = false;
};

}  // namespace

decode_result<decoded_spans> decode_otlp_json(std::string_view text, const decode_limits& limits) {
    try {
        return otlp_json_reader{limits}.request(json::parse(text, document_depth(limits)));
    } catch (const decode_failure& failure) {
        return failure.error;
    }
}

}  // namespace outrider::tracing
