#include <map>
#include <tuple>

#include "tracing/base64.hpp"
#include "tracing/hex.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/json_reader.hpp"

namespace outrider::tracing {
namespace {

using json::array_member;
using json::fail;
using json::member;
using json::text_member;
using value = nlohmann::json;

template <class Visit>
void for_each(const value& object, const char* name, Visit visit) {
    if (const auto* list = array_member(object, name)) {
        for (const auto& item : *list) visit(item);
    }
}

template <class Id>
Id id_member(const value& object, const char* name) {
    Id id;
    if (!read_padded_hex(text_member(object, name), id.bytes)) id = {};
    return id;
}

// Jaeger writes unsigned microseconds; beyond the year 2554 they don't fit nanoseconds.
std::uint64_t nanoseconds(std::uint64_t microseconds) {
    return microseconds <= UINT64_MAX / 1000 ? microseconds * 1000 : UINT64_MAX;
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return a <= UINT64_MAX - b ? a + b : UINT64_MAX; }

/// Which tags of a span say something that OTLP keeps elsewhere.
struct special_tags {
    std::string kind, status, description, tracestate, scope_name, scope_version;
    bool error = false;
};

// Takes a tag that is special; false for an ordinary one.
bool take(special_tags& special, const attribute& tag) {
    const auto* text = std::get_if<std::string>(&tag.value.data);
    if (tag.key == "error") {
        const auto* yes = std::get_if<bool>(&tag.value.data);
        special.error = (yes != nullptr && *yes) || (text != nullptr && *text == "true");
        return yes != nullptr || special.error;
    }
    if (text == nullptr) return false;
    std::string* to = tag.key == "span.kind"                 ? &special.kind
                      : tag.key == "otel.status_code"        ? &special.status
                      : tag.key == "otel.status_description" ? &special.description
                      : tag.key == "w3c.tracestate"          ? &special.tracestate
                      : tag.key == "otel.scope.name"         ? &special.scope_name
                      : tag.key == "otel.library.name"       ? &special.scope_name
                      : tag.key == "otel.scope.version"      ? &special.scope_version
                      : tag.key == "otel.library.version"    ? &special.scope_version
                                                             : nullptr;
    if (to != nullptr) *to = *text;
    return to != nullptr;
}

span_kind kind_of(std::string_view name) {
    return name == "server"     ? span_kind::server
           : name == "client"   ? span_kind::client
           : name == "producer" ? span_kind::producer
           : name == "consumer" ? span_kind::consumer
                                : span_kind::internal;
}

status_code code_of(const special_tags& tags) {
    if (tags.status == "OK") return status_code::ok;
    return tags.status == "ERROR" || tags.error ? status_code::error : status_code::unset;
}

/// Decodes one answer; its state is what the limits still allow.
class jaeger_reader {
  public:
    explicit jaeger_reader(const decode_limits& limits) : limits_(limits), budget_(limits.memory) {}

    jaeger_answer answer(const value& document) {
        for_each(document, "errors", [&](const value& one) {
            if (answer_.error.empty()) answer_.error = text(one, "msg");
        });
        for_each(document, "data", [&](const value& one) { trace(one); });
        return std::move(answer_);
    }

  private:
    using origin_key = std::tuple<std::string, std::string, std::string>;  // process, scope name, scope version

    void trace(const value& in) {
        origins_.clear();
        resources_.clear();
        if (const auto* processes = json::object_member(in, "processes")) {
            for (const auto& [id, process] : processes->items()) resources_[id] = resource_of(process);
        }
        for_each(in, "spans", [&](const value& one) { add_span(one); });
    }

    resource resource_of(const value& process) {
        resource result;
        budget_.add(result.attributes) = {"service.name", attribute_value{text(process, "serviceName")}};
        for_each(process, "tags", [&](const value& one) { tag(one, budget_.add(result.attributes)); });
        return result;
    }

    std::shared_ptr<const span_origin> origin_of(const std::string& process, const special_tags& tags) {
        auto [at, added] = origins_.try_emplace(origin_key{process, tags.scope_name, tags.scope_version});
        if (!added) return at->second;
        auto from = resources_.find(process);
        span_origin origin{from == resources_.end() ? resource{} : from->second, tags.scope_name, tags.scope_version};
        std::size_t bytes = sizeof origin + 2 * sizeof(origin_key);
        for (const auto& one : origin.resource.attributes) bytes += memory_of(one);
        budget_.charge(bytes);
        return at->second = std::make_shared<const span_origin>(std::move(origin));
    }

    void add_span(const value& in) {
        span_data span;
        span.trace = id_member<trace_id>(in, "traceID");
        span.span = id_member<span_id>(in, "spanID");
        if (!span.trace.valid() || !span.span.valid()) {
            ++answer_.rejected;
            return;
        }
        span.name = text(in, "operationName");
        span.flags = json::count_member(in, "flags");
        span.start_unix_ns = nanoseconds(json::unsigned_member(in, "startTime"));
        span.end_unix_ns = sum(span.start_unix_ns, nanoseconds(json::unsigned_member(in, "duration")));
        tags(in, span);
        references(in, span);
        for_each(in, "logs", [&](const value& one) { log(one, span); });
        budget_.add(answer_.spans) = std::move(span);
    }

    void tags(const value& in, span_data& span) {
        special_tags special;
        for_each(in, "tags", [&](const value& one) {
            attribute ordinary;
            tag(one, ordinary);
            if (take(special, ordinary)) return;
            if (span.attributes.size() >= limits_.items) {
                ++span.dropped_attributes;
            } else {
                budget_.add(span.attributes) = std::move(ordinary);
            }
        });
        span.kind = kind_of(special.kind);
        span.status = code_of(special);
        span.status_message = std::move(special.description);
        span.tracestate = std::move(special.tracestate);
        span.origin = origin_of(std::string{text_member(in, "processID")}, special);
    }

    void references(const value& in, span_data& span) {
        span.parent = id_member<span_id>(in, "parentSpanID");
        for_each(in, "references", [&](const value& one) {
            auto trace = id_member<trace_id>(one, "traceID");
            auto to = id_member<span_id>(one, "spanID");
            if (!to.valid()) return;
            if (!span.parent.valid() && trace == span.trace && text_member(one, "refType") == "CHILD_OF") {
                span.parent = to;
            } else if (trace.valid() && to != span.parent) {
                link(trace, to, span);
            }
        });
    }

    void link(const trace_id& trace, const span_id& to, span_data& span) {
        if (span.links.size() >= limits_.items) {
            ++span.dropped_links;
            return;
        }
        auto& added = budget_.add(span.links);
        added.trace = trace;
        added.span = to;
    }

    void log(const value& in, span_data& span) {
        if (span.events.size() >= limits_.items) {
            ++span.dropped_events;
            return;
        }
        auto& event = budget_.add(span.events);
        event.unix_ns = nanoseconds(json::unsigned_member(in, "timestamp"));
        for_each(in, "fields", [&](const value& one) {
            attribute field;
            tag(one, field);
            const auto* name = std::get_if<std::string>(&field.value.data);
            if (field.key == "event" && name != nullptr && event.name.empty()) {
                event.name = *name;
            } else if (event.attributes.size() >= limits_.items) {
                ++event.dropped_attributes;
            } else {
                budget_.add(event.attributes) = std::move(field);
            }
        });
    }

    void tag(const value& in, attribute& to) {
        to.key = text(in, "key");
        const auto* found = member(in, "value");
        if (found == nullptr) return;
        auto type = text_member(in, "type");
        if (type == "int64") {
            to.value.data = json::to_signed(*found);
        } else if (type == "float64") {
            to.value.data = json::to_double(*found);
        } else if (found->is_boolean()) {
            to.value.data = found->get<bool>();
        } else if (type == "binary" && found->is_string()) {
            to.value.data = byte_string{decode_base64(found->get_ref<const std::string&>()).value_or("")};
        } else if (found->is_string()) {
            budget_.charge(found->get_ref<const std::string&>().size());
            to.value.data = found->get<std::string>();
        } else {
            fail();
        }
    }

    std::string text(const value& object, const char* name) {
        auto found = text_member(object, name);
        budget_.charge(found.size());
        return std::string{found};
    }

    const decode_limits& limits_;
    memory_budget budget_;
    std::map<std::string, resource> resources_;
    std::map<origin_key, std::shared_ptr<const span_origin>> origins_;
    jaeger_answer answer_;
};

}  // namespace

decode_result<jaeger_answer> decode_jaeger_json(std::string_view text, const decode_limits& limits) {
    try {
        return jaeger_reader{limits}.answer(json::parse(text, 16));
    } catch (const decode_failure& failure) {
        return failure.error;
    }
}

}  // namespace outrider::tracing
