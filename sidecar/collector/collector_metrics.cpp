#include "sidecar/collector/collector_metrics.hpp"

#include <cstdio>

#include "tracing/stitch/rewrite.hpp"

namespace outrider::collector {

namespace {

/// A family and its samples.
class family {
  public:
    family(std::string& out, std::string_view name, std::string_view type, std::string_view help)
        : out_(out), name_("outrider_collector_" + std::string{name}) {
        out_ += "# HELP " + name_ + " " + std::string{help} + "\n# TYPE " + name_ + " " + std::string{type} + "\n";
    }
    family& sample(std::uint64_t value) {
        out_ += name_ + " " + std::to_string(value) + "\n";
        return *this;
    }
    family& sample(std::string_view label, std::string_view is, std::uint64_t value) {
        out_ += name_ + "{" + std::string{label} + "=\"" + std::string{is} + "\"} " + std::to_string(value) + "\n";
        return *this;
    }

  private:
    std::string& out_;
    const std::string name_;
};

std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

void append_latency(std::string& out, const decision_latency& now) {
    const std::string name = "outrider_collector_decision_seconds";
    out += "# HELP " + name + " From the last span of a chain until all of it was decided.\n# TYPE " + name +
           " histogram\n";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < now.counts.size(); ++i) {
        below += now.counts[i];
        const auto bound = i < decision_latency::bounds.size() ? short_number(decision_latency::bounds[i]) : "+Inf";
        out += name + "_bucket{le=\"" + bound + "\"} " + std::to_string(below) + "\n";
    }
    out += name + "_sum " + short_number(now.sum) + "\n" + name + "_count " + std::to_string(below) + "\n";
}

}  // namespace

void append_store_metrics(std::string& out, const store_counters& now) {
    family(out, "spans_total", "counter",
           "Spans by what became of them: received = spans held (outrider_collector_spans) + replaced + evicted + "
           "dropped.")
        .sample("state", "received", now.received)
        .sample("state", "replaced", now.replaced)
        .sample("state", "evicted", now.evicted)
        .sample("state", "dropped", now.dropped);
    family(out, "spans", "gauge", "Spans held now.").sample(now.stored);
    family(out, "spans_waiting", "gauge", "Spans held whose chain has not been decided yet.").sample(now.waiting);
    family(out, "spans_settled_total", "counter",
           "Spans whose chain was decided, or that made room before: spans held + evicted = waiting + these.")
        .sample("outcome", "decided", now.settled)
        .sample("outcome", "evicted", now.unsettled_evicted);
    family(out, "spans_late_total", "counter",
           "Among the decided: spans that came when their chain had been decided already, and were joined to it.")
        .sample(now.late);
    family(out, "traces", "gauge", "Traces held now.").sample(now.traces);
    family(out, "traces_evicted_total", "counter", "Traces that made room for newer ones, or were too old.")
        .sample(now.evicted_traces);
    family(out, "bytes", "gauge", "Memory of the spans held now, indexes included.").sample(now.bytes);
}

void append_ingest_metrics(std::string& out, const ingest_counters& now) {
    family(out, "requests_total", "counter", "OTLP requests by outcome; postponed ones are worth another try.")
        .sample("outcome", "accepted", now.accepted.load())
        .sample("outcome", "malformed", now.malformed.load())
        .sample("outcome", "too_large", now.too_large.load())
        .sample("outcome", "unsupported", now.unsupported.load())
        .sample("outcome", "postponed", now.postponed.load());
    family(out, "spans_rejected_total", "counter", "Spans without valid ids.").sample(now.rejected_spans.load());
}

void append_pipeline_metrics(std::string& out, const pipeline_counters& now) {
    family chains(out, "chains_total", "counter",
                  "Chains that came to rest, again when a late span came: decided, or given up undecided.");
    chains.sample("state", "decided", now.chains_settled).sample("state", "given_up", now.chains_given_up);
    family decisions(out, "decisions_total", "counter", "Causes found for roots, by what told them; none: a new root.");
    for (std::size_t i = 0; i < now.decisions.size(); ++i)
        decisions.sample("source", tracing::name_of(static_cast<tracing::link_source>(i)), now.decisions[i]);
    append_latency(out, now.latency);
    family(out, "stitcher_spans", "gauge", "Spans that the stitcher can find as a cause.").sample(now.stitching.held);
    family(out, "stitcher_bytes", "gauge", "Memory of the stitcher.").sample(now.stitching.bytes);
    family(out, "stitcher_spans_total", "counter",
           "Spans by what became of them: added = held + duplicate + forgotten.")
        .sample("state", "added", now.stitching.added)
        .sample("state", "duplicate", now.stitching.duplicates)
        .sample("state", "forgotten", now.stitching.forgotten)
        .sample("state", "late", now.stitching.late);
    family(out, "spans_queued", "gauge", "Spans that wait to be stitched.").sample(now.queued_spans);
    family(out, "postponed_total", "counter", "Requests that were answered 503, by why.")
        .sample("reason", "busy", now.busy_refusals)
        .sample("reason", "store", now.log_refusals);
}

void append_sidecar_metrics(std::string& out, const std::array<std::uint64_t, card_states>& by_state,
                            const push_counters& pushes) {
    family sidecars(out, "sidecars", "gauge", "Sidecars that have told of themselves, by how long ago.");
    for (std::size_t i = 0; i < by_state.size(); ++i)
        sidecars.sample("state", name_of(static_cast<card_state>(i)), by_state[i]);
    family(out, "sidecar_pushes_total", "counter", "Times that sidecars told of themselves, by what became of it.")
        .sample("outcome", "taken", pushes.taken)
        .sample("outcome", "malformed", pushes.malformed)
        .sample("outcome", "too_large", pushes.too_large)
        .sample("outcome", "no_room", pushes.no_room);
}

void append_log_metrics(std::string& out, const span_log::stats& now) {
    family(out, "store_bytes", "gauge", "Of the file, without what is free in it.").sample(now.bytes);
    family(out, "store_rows", "gauge", "Requests and notes in the file.").sample(now.rows);
    family(out, "store_rows_total", "counter", "Rows written, that could not be written, and that made room.")
        .sample("state", "written", now.appended)
        .sample("state", "failed", now.failed)
        .sample("state", "trimmed", now.trimmed);
}

void append_forward_metrics(std::string& out, const chain_forwarder::counters& now) {
    family chains(out, "forward_chains_total", "counter", "Chains by why they were forwarded; none: they were not.");
    for (std::size_t i = 0; i < now.chains.size(); ++i)
        chains.sample("why", name_of(static_cast<keep_reason>(i)), now.chains[i]);
    family spans(out, "forward_spans_total", "counter",
                 "Spans of decided chains: sampled out, delivered, or lost; outrider_collector_forward_waiting still "
                 "wait.");
    spans.sample("state", "sampled_out", now.sampled_out_spans).sample("state", "delivered", now.delivery.delivered);
    for (std::size_t i = 0; i < now.delivery.dropped.size(); ++i)
        spans.sample("state", "lost_" + std::string{name_of(static_cast<exporting::drop_reason>(i))},
                     now.delivery.dropped[i]);
    family(out, "forward_late_spans_total", "counter", "Among them: spans of chains that were decided before.")
        .sample(now.late_spans);
    family(out, "forward_waiting", "gauge", "Spans on their way to the receiver.")
        .sample("in", "memory", now.delivery.queued)
        .sample("in", "spool", now.delivery.spooled);
    family(out, "forward_requests_total", "counter", "Requests to the receiver.")
        .sample("outcome", "accepted", now.delivery.exports)
        .sample("outcome", "failed", now.delivery.failed_exports);
}

}  // namespace outrider::collector
