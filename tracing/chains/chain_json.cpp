#include "tracing/chains/chain.hpp"
#include "tracing/json_writer.hpp"

namespace outrider::tracing {
namespace {

std::string_view name_of(chain_join join) {
    static constexpr std::string_view names[] = {"root", "parent", "link", "gap", "cycle", "offset", "record", "queue"};
    return names[static_cast<std::size_t>(join)];
}

std::string_view name_of(span_kind kind) {
    static constexpr std::string_view names[] = {"internal", "server", "client", "producer", "consumer"};
    return names[static_cast<std::size_t>(kind) - 1];
}

/// Negative for a poll that began before everything else.
std::int64_t offset_of(const chain_row& row, const chain& whole) {
    return static_cast<std::int64_t>(row.start_unix_ns - whole.start_unix_ns);
}

void write_times(json_writer& out, const chain_row& row, const chain& whole) {
    out.quoted("offsetNano", offset_of(row, whole));
    out.quoted("durationNano", row.end_unix_ns - row.start_unix_ns);
}

void write_span(json_writer& out, const chain_row& row, const chain& whole) {
    const auto& span = *row.span;
    out.text("spanId", span.span.hex());
    if (span.parent.valid()) out.text("parentSpanId", span.parent.hex());
    if (span.trace != whole.trace) out.text("traceId", span.trace.hex());
    out.text("service", service_of(span));
    if (!row.peer.empty()) out.text("peer", row.peer);
    out.text("name", span.name);
    out.text("kind", name_of(span.kind));
    write_times(out, row, whole);
    if (auto status = status_text(span); !status.empty()) out.text("status", status);
    out.boolean("error", span.status == status_code::error);
    if (row.skewed) out.boolean("skewed", true);
}

void write_row(json_writer& out, const chain_row& row, const chain& whole) {
    out.begin_object();
    out.number("depth", row.depth);
    out.text("join", name_of(row.join));
    if (row.span != nullptr) {
        write_span(out, row, whole);
    } else if (row.join == chain_join::queue) {
        out.text("topic", row.topic);
        write_times(out, row, whole);
    } else {
        out.text("spanId", row.missing.hex());
    }
    out.end_object();
}

void write_chain(json_writer& out, const chain& one) {
    out.begin_object();
    out.text("traceId", one.trace.hex());
    if (!one.linked.empty()) {
        out.begin_array("linkedTraces");
        for (const auto& linked : one.linked) out.text(linked.hex());
        out.end_array();
    }
    out.quoted("startTimeUnixNano", one.start_unix_ns);
    out.quoted("durationNano", one.end_unix_ns - one.start_unix_ns);
    out.number("services", one.services);
    out.number("spans", one.spans);
    out.number("errors", one.errors);
    out.number("gaps", one.gaps);
    out.number("duplicates", one.duplicates);
    if (one.anchors != 0) out.number("anchors", one.anchors);
    out.begin_array("rows");
    for (const auto& row : one.rows) write_row(out, row, one);
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
