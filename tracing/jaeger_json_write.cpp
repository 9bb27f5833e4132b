#include <cmath>
#include <map>

#include "tracing/base64.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/json_writer.hpp"

namespace outrider::tracing {
namespace {

constexpr std::int64_t largest_safe_integer = (std::int64_t{1} << 53) - 1;  // of JavaScript

// Jaeger leaves out the upper half of a trace id when it is zero.
std::string jaeger_id(const trace_id& trace) {
    auto hex = trace.hex();
    return hex.starts_with("0000000000000000") ? hex.substr(16) : hex;
}

/// Writes a value as the plain JSON that Jaeger puts into the text of a tag when it is an array or a map.
struct plain_json {
    json_writer& out;

    void operator()(std::monostate) const { out.null(); }
    void operator()(const std::string& text) const { out.text(text); }
    void operator()(bool yes) const { out.boolean(yes); }
    void operator()(std::int64_t number) const { out.number(number); }
    void operator()(double number) const {
        std::isfinite(number) ? out.number(number) : out.text(std::to_string(number));
    }
    void operator()(const byte_string& raw) const { out.text(encode_base64(raw.bytes)); }
    void operator()(const attribute_value::array& list) const {
        out.begin_array();
        for (const auto& one : list) std::visit(*this, one.data);
        out.end_array();
    }
    void operator()(const attribute_value::key_values& list) const {
        out.begin_object();
        for (const auto& one : list) {
            out.key(one.key);
            std::visit(*this, one.value.data);
        }
        out.end_object();
    }
};

std::string plain_text(const attribute_value& value) {
    std::string text;
    json_writer out{text};
    std::visit(plain_json{out}, value.data);
    return text;
}

void write_tag(json_writer& out, std::string_view key, std::string_view type, std::string_view value) {
    out.begin_object();
    out.text("key", key);
    out.text("type", type);
    out.text("value", value);
    out.end_object();
}

void write_tag(json_writer& out, std::string_view key, bool value) {
    out.begin_object();
    out.text("key", key);
    out.text("type", "bool");
    out.boolean("value", value);
    out.end_object();
}

template <class Number>
void write_number_tag(json_writer& out, std::string_view key, std::string_view type, Number value) {
    out.begin_object();
    out.text("key", key);
    out.text("type", type);
    out.number("value", value);
    out.end_object();
}

void write_tag(json_writer& out, const attribute& one) {
    const auto& data = one.value.data;
    if (const auto* text = std::get_if<std::string>(&data)) {
        write_tag(out, one.key, "string", *text);
    } else if (const auto* yes = std::get_if<bool>(&data)) {
        write_tag(out, one.key, *yes);
    } else if (const auto* integer = std::get_if<std::int64_t>(&data)) {
        bool safe = *integer <= largest_safe_integer && *integer >= -largest_safe_integer;
        safe ? write_number_tag(out, one.key, "int64", *integer)
             : write_tag(out, one.key, "int64", std::to_string(*integer));
    } else if (const auto* number = std::get_if<double>(&data)) {
        std::isfinite(*number) ? write_number_tag(out, one.key, "float64", *number)
                               : write_tag(out, one.key, "float64", std::to_string(*number));
    } else if (const auto* raw = std::get_if<byte_string>(&data)) {
        write_tag(out, one.key, "binary", encode_base64(raw->bytes));
    } else {
        write_tag(out, one.key, "string", std::holds_alternative<std::monostate>(data) ? "" : plain_text(one.value));
    }
}

void write_text_tag(json_writer& out, std::string_view key, const std::string& value) {
    if (!value.empty()) write_tag(out, key, "string", value);
}

std::string_view name_of(span_kind kind) {
    static constexpr std::string_view names[] = {"internal", "server", "client", "producer", "consumer"};
    return names[static_cast<std::size_t>(kind) - 1];
}

void write_tags(json_writer& out, const span_data& span) {
    out.begin_array("tags");
    if (span.origin) {
        write_text_tag(out, "otel.scope.name", span.origin->scope_name);
        write_text_tag(out, "otel.scope.version", span.origin->scope_version);
    }
    for (const auto& one : span.attributes) write_tag(out, one);
    write_tag(out, "span.kind", "string", name_of(span.kind));
    if (span.status == status_code::ok) write_tag(out, "otel.status_code", "string", "OK");
    if (span.status == status_code::error) {
        write_tag(out, "otel.status_code", "string", "ERROR");
        write_tag(out, "error", true);
    }
    write_text_tag(out, "otel.status_description", span.status_message);
    write_text_tag(out, "w3c.tracestate", span.tracestate);
    out.end_array();
}

void write_reference(json_writer& out, std::string_view type, const trace_id& trace, const span_id& span) {
    out.begin_object();
    out.text("refType", type);
    out.text("traceID", jaeger_id(trace));
    out.text("spanID", span.hex());
    out.end_object();
}

void write_references(json_writer& out, const span_data& span) {
    out.begin_array("references");
    if (span.parent.valid()) write_reference(out, "CHILD_OF", span.trace, span.parent);
    for (const auto& link : span.links) write_reference(out, "FOLLOWS_FROM", link.trace, link.span);
    out.end_array();
}

void write_logs(json_writer& out, const span_data& span) {
    out.begin_array("logs");
    for (const auto& event : span.events) {
        out.begin_object();
        out.number("timestamp", event.unix_ns / 1000);
        out.begin_array("fields");
        write_text_tag(out, "event", event.name);
        for (const auto& one : event.attributes) write_tag(out, one);
        out.end_array();
        out.end_object();
    }
    out.end_array();
}

/// The processes of one trace, "p1" and so on in the order of their first span; equal resources are one process.
class process_table {
  public:
    std::string id_of(const span_data& span) {
        auto [known, added] = numbers_.try_emplace(span.origin.get(), 0);
        if (added) known->second = number_of(span.origin ? span.origin->resource : resource{});
        return name(known->second);
    }

    void write(json_writer& out) const {
        out.begin_object("processes");
        for (std::size_t i = 0; i < resources_.size(); ++i) {
            out.begin_object(name(i));
            auto service = text_attribute(resources_[i].attributes, "service.name");
            out.text("serviceName", service.empty() ? "unknown_service" : service);
            out.begin_array("tags");
            for (const auto& one : resources_[i].attributes) {
                if (one.key != "service.name") write_tag(out, one);
            }
            out.end_array();
            out.end_object();
        }
        out.end_object();
    }

  private:
    static std::string name(std::size_t number) { return "p" + std::to_string(number + 1); }

    std::size_t number_of(resource wanted) {
        for (std::size_t i = 0; i < resources_.size(); ++i) {
            if (resources_[i] == wanted) return i;
        }
        resources_.push_back(std::move(wanted));
        return resources_.size() - 1;
    }

    std::map<const span_origin*, std::size_t> numbers_;
    std::vector<resource> resources_;
};

void write_span(json_writer& out, const span_data& span, process_table& processes) {
    out.begin_object();
    out.text("traceID", jaeger_id(span.trace));
    out.text("spanID", span.span.hex());
    out.number("flags", span.flags & 0xff);
    out.text("operationName", span.name);
    write_references(out, span);
    out.number("startTime", span.start_unix_ns / 1000);
    out.number("duration", duration_ns(span) / 1000);
    write_tags(out, span);
    write_logs(out, span);
    out.text("processID", processes.id_of(span));
    out.key("warnings");
    out.null();
    out.end_object();
}

void write_trace(json_writer& out, std::span<const span_data> trace) {
    if (trace.empty()) return;
    process_table processes;
    out.begin_object();
    out.text("traceID", jaeger_id(trace.front().trace));
    out.begin_array("spans");
    for (const auto& span : trace) write_span(out, span, processes);
    out.end_array();
    processes.write(out);
    out.key("warnings");
    out.null();
    out.end_object();
}

void end_answer(json_writer& out, std::size_t total) {
    out.number("total", total);
    out.number("limit", 0);
    out.number("offset", 0);
}

}  // namespace

// Jaeger counts in `total` only lists of names.
std::string encode_jaeger_json(std::span<const std::span<const span_data>> traces) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.begin_array("data");
    for (const auto& trace : traces) write_trace(out, trace);
    out.end_array();
    end_answer(out, 0);
    out.key("errors");
    out.null();
    out.end_object();
    return text;
}

std::string encode_jaeger_json(std::span<const span_data> trace) {
    return encode_jaeger_json(std::span<const std::span<const span_data>>{&trace, 1});
}

std::string encode_jaeger_names(const std::vector<std::string>& names) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.begin_array("data");
    for (const auto& name : names) out.text(name);
    out.end_array();
    end_answer(out, names.size());
    out.key("errors");
    out.null();
    out.end_object();
    return text;
}

std::string encode_jaeger_error(int code, std::string_view message) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.key("data");
    out.null();
    end_answer(out, 0);
    out.begin_array("errors");
    out.begin_object();
    out.number("code", code);
    out.text("msg", message);
    out.end_object();
    out.end_array();
    out.end_object();
    return text;
}

}  // namespace outrider::tracing
