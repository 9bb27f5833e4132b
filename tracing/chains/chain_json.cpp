#include <algorithm>

#include "tracing/chains/chain.hpp"
#include "tracing/chains/chain_analysis.hpp"
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

void write_link(json_writer& out, std::string_view source, double confidence) {
    out.begin_object("inferred");
    out.text("source", source);
    out.number("confidence", confidence);
    out.end_object();
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
    if (const auto link = inferred_link_of(row)) write_link(out, link->source, link->confidence);
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

/// Findings of a kind, as objects that name their row.
void write_findings(json_writer& out, std::string_view name, const chain_analysis& known,
                    std::initializer_list<finding_kind> kinds) {
    out.begin_array(name);
    for (const auto& each : known.findings) {
        if (std::find(kinds.begin(), kinds.end(), each.kind) == kinds.end()) continue;
        out.begin_object();
        out.number("row", each.row);
        if (kinds.size() > 1) out.text("kind", name_of(each.kind));
        out.text("text", each.text);
        if (each.kind == finding_kind::retry) out.number("attempts", each.times);
        if (each.kind == finding_kind::inferred) {
            out.text("source", each.source);
            out.number("confidence", each.confidence);
        }
        out.end_object();
    }
    out.end_array();
}

void write_sums(json_writer& out, const chain_analysis& known, const chain& whole) {
    out.begin_array("criticalPath");
    for (const auto& stretch : known.critical) {
        out.begin_object();
        out.number("row", stretch.row);
        out.quoted("offsetNano", static_cast<std::int64_t>(stretch.when.start - whole.start_unix_ns));
        out.quoted("durationNano", stretch.when.length());
        out.end_object();
    }
    out.end_array();
    out.quoted("queueNano", known.queue_ns);
    out.begin_array("queues");
    for (const auto& [topic, wait] : known.queues) {
        out.begin_object();
        out.text("topic", topic);
        out.number("count", wait.records);
        out.quoted("totalNano", wait.total_ns);
        out.quoted("longestNano", wait.longest_ns);
        out.end_object();
    }
    out.end_array();
    out.begin_array("serviceTimes");
    for (const auto& [service, share] : known.services) {
        out.begin_object();
        out.text("service", service);
        out.number("spans", share.spans);
        out.number("errors", share.errors);
        out.quoted("criticalNano", share.critical_ns);
        out.quoted("ownNano", share.own_ns);
        out.end_object();
    }
    out.end_array();
}

void write_analysis(json_writer& out, const chain_analysis& known, const chain& whole) {
    out.text("state", name_of(known.state));
    out.text("verdict", known.verdict);
    out.begin_object("keys");
    for (const auto& [key, values] : known.keys) {
        out.begin_array(key);
        for (const auto& value : values) out.text(value);
        out.end_array();
    }
    out.end_object();
    write_sums(out, known, whole);
    write_findings(out, "retries", known, {finding_kind::retry});
    write_findings(out, "refusals", known, {finding_kind::refusal});
    write_findings(out, "timeouts", known, {finding_kind::time_out});
    write_findings(out, "errorOrigins", known, {finding_kind::error});
    write_findings(out, "inferred", known, {finding_kind::inferred});
    write_findings(out, "missing", known,
                   {finding_kind::missing_parent, finding_kind::missing_server, finding_kind::missing_consumer,
                    finding_kind::missing_outcome});
    write_findings(out, "faults", known, {finding_kind::fault});
    if (known.left_out != 0) out.number("findingsLeftOut", known.left_out);
}

void write_chain(json_writer& out, const chain& one, const chain_analysis& known) {
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
    out.number("gaps", known.gaps());
    out.number("duplicates", one.duplicates);
    if (one.anchors != 0) out.number("anchors", one.anchors);
    write_analysis(out, known, one);
    out.begin_array("rows");
    for (const auto& row : one.rows) write_row(out, row, one);
    out.end_array();
    out.end_object();
}

}  // namespace

std::string chain_json(std::span<const chain> chains, const analysis_options& options) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.begin_array("chains");
    for (const auto& one : chains) write_chain(out, one, analyze(one, options));
    out.end_array();
    out.end_object();
    return text;
}

std::string chain_json(std::span<const chain> chains) { return chain_json(chains, analysis_options{}); }

}  // namespace outrider::tracing
