#include "tracing/chain.hpp"
#include "tracing/json_writer.hpp"

namespace outrider::tracing {
namespace {

std::string_view name_of(chain_join join) {
    static constexpr std::string_view names[] = {"root", "parent", "link", "gap", "cycle"};
    return names[static_cast<std::size_t>(join)];
}

std::string_view name_of(span_kind kind) {
    static constexpr std::string_view names[] = {"internal", "server", "client", "producer", "consumer"};
    return names[static_cast<std::size_t>(kind) - 1];
}

void write_span(json_writer& out, const chain_row& row, std::uint64_t trace_start) {
    const auto& span = *row.span;
    out.text("spanId", span.span.hex());
    if (span.parent.valid()) out.text("parentSpanId", span.parent.hex());
    out.text("service", service_of(span));
    if (!row.peer.empty()) out.text("peer", row.peer);
    out.text("name", span.name);
    out.text("kind", name_of(span.kind));
    out.quoted("offsetNano", span.start_unix_ns - trace_start);
    out.quoted("durationNano", duration_ns(span));
    if (auto status = status_text(span); !status.empty()) out.text("status", status);
    out.boolean("error", span.status == status_code::error);
    if (row.skewed) out.boolean("skewed", true);
}

void write_row(json_writer& out, const chain_row& row, std::uint64_t trace_start) {
    out.begin_object();
    out.number("depth", row.depth);
    out.text("join", name_of(row.join));
    if (row.span != nullptr) {
        write_span(out, row, trace_start);
    } else {
        out.text("spanId", row.missing.hex());
    }
    out.end_object();
}

void write_chain(json_writer& out, const chain& one) {
    out.begin_object();
    out.text("traceId", one.trace.hex());
    out.quoted("startTimeUnixNano", one.start_unix_ns);
    out.quoted("durationNano", one.end_unix_ns - one.start_unix_ns);
    out.number("services", one.services);
    out.number("spans", one.spans);
    out.number("errors", one.errors);
    out.number("gaps", one.gaps);
    out.number("duplicates", one.duplicates);
    out.begin_array("rows");
    for (const auto& row : one.rows) write_row(out, row, one.start_unix_ns);
    out.end_array();
    out.end_object();
}

}  // namespace

std::string chain_json(std::span<const chain> chains) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.begin_array("chains");
    for (const auto& one : chains) write_chain(out, one);
    out.end_array();
    out.end_object();
    return text;
}

}  // namespace outrider::tracing
