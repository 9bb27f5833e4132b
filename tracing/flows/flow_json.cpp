#include "tracing/flows/flow_json.hpp"

#include <algorithm>

#include "tracing/flows/fault_text.hpp"
#include "tracing/json_writer.hpp"

namespace outrider::flows {
namespace {

using tracing::json_writer;

std::string chain_text(const tracing::trace_id& chain) { return chain.valid() ? chain.hex() : std::string{}; }

void write_step(json_writer& out, const flow& of, std::size_t number, const step_counters& counted) {
    const auto& step = of.step_at(number);
    out.begin_object();
    out.text("name", step.text);
    out.boolean("compensates", number >= of.steps.size());
    if (step.within) out.quoted("withinNano", step.within->count());
    out.number("reached", counted.reached);
    out.number("waiting", counted.waiting);
    if (counted.took.count() > 0) {
        out.quoted("p50Nano", counted.took.quantile(0.5));
        out.quoted("p95Nano", counted.took.quantile(0.95));
    }
    out.begin_object("faults");
    for (std::size_t kind = 0; kind < fault_kinds; ++kind)
        out.number(name_of(static_cast<fault_kind>(kind)), counted.told[kind] - counted.retracted[kind]);
    out.end_object();
    out.end_object();
}

void write_fault(json_writer& out, const flow& of, const shown_fault& one) {
    out.begin_object();
    out.text("kind", name_of(one.what.kind));
    out.text("step", of.step_at(one.what.step).text);
    out.text("run", one.run);
    out.text("chain", chain_text(one.chain));
    out.quoted("atUnixNano", one.what.at != 0 ? one.what.at : one.what.deadline);
    out.quoted("toldUnixNano", one.told);
    out.quoted("deadlineUnixNano", one.what.deadline);
    out.text("text", one.text);
    out.boolean("open", one.open);
    out.boolean("retracted", one.retracted);
    out.end_object();
}

void write_flow(json_writer& out, const flow_checker& of) {
    const auto& what = of.what();
    const auto ended = [&](run_outcome how) { return of.outcomes()[static_cast<std::size_t>(how)]; };
    out.begin_object();
    out.text("name", what.text.name);
    out.text("description", what.text.description);
    out.text("expect", what.text.expect);
    out.text("by", what.text.by);
    out.number("running", of.running());
    out.number("completed", ended(run_outcome::completed));
    out.number("compensated", ended(run_outcome::compensated));
    out.number("faulty", ended(run_outcome::faulty) + of.faulty_now());
    out.number("open", of.faulty_now());
    out.number("abandoned", ended(run_outcome::abandoned));
    out.number("evicted", ended(run_outcome::evicted));
    out.begin_array("steps");
    for (std::size_t i = 0; i < of.steps().size(); ++i) write_step(out, what, i, of.steps()[i]);
    out.end_array();
    out.begin_array("recent");
    std::for_each(of.recent().rbegin(), of.recent().rend(), [&](const auto& one) { write_fault(out, what, one); });
    out.end_array();
    out.end_object();
}

std::string state_of(const tracked_run& run) {
    if (run.resting()) return name_of(run.outcome);
    if (run.has_open_faults()) return "stuck";
    return run.waits_for >= 0 ? "waiting" : "running";
}

void write_steps(json_writer& out, const flow& of, const judgement& judged) {
    out.begin_array("steps");
    for (std::size_t i = 0; i < of.step_count(); ++i) {
        const auto reached = std::find_if(judged.reached.begin(), judged.reached.end(),
                                          [&](const reached_step& one) { return one.step == i; });
        out.begin_object();
        out.text("name", of.step_at(i).text);
        out.boolean("compensates", i >= of.steps.size());
        out.boolean("reached", reached != judged.reached.end());
        if (reached != judged.reached.end()) {
            out.quoted("atUnixNano", reached->at);
            if (reached->took_ns >= 0) out.quoted("tookNano", reached->took_ns);
        }
        if (of.step_at(i).within) out.quoted("withinNano", of.step_at(i).within->count());
        out.end_object();
    }
    out.end_array();
}

void write_events(json_writer& out, const flow_set& all, const flow& of, const tracked_run& run) {
    out.begin_array("events");
    for (const auto& one : run.events) {
        out.begin_object();
        out.text("name", of.events[one.event].name);
        out.text("service", all.service(one.service));
        out.quoted("startUnixNano", one.start);
        out.quoted("endUnixNano", one.end);
        out.quoted("arrivedUnixNano", one.arrived);
        out.text("trace", one.trace.hex());
        out.text("span", one.span.hex());
        out.end_object();
    }
    out.end_array();
}

void write_told(json_writer& out, const flow& of, const tracked_run& run) {
    out.begin_array("faults");
    for (const auto& one : run.told) {
        out.begin_object();
        out.text("kind", name_of(one.what.kind));
        out.text("step", of.step_at(one.what.step).text);
        out.quoted("deadlineUnixNano", one.what.deadline);
        out.quoted("toldUnixNano", one.told);
        out.text("text", text_of(one.what, of));
        out.boolean("open", !one.retracted && can_end(one.what.kind));
        out.boolean("retracted", one.retracted);
        out.end_object();
    }
    out.end_array();
}

}  // namespace

std::string flows_json(const flow_set& of) {
    std::string body;
    json_writer out{body};
    out.begin_object();
    out.begin_array("flows");
    for (const auto* one : of.checkers()) write_flow(out, *one);
    out.end_array();
    out.number("runs", of.runs());
    out.number("bytes", of.bytes());
    out.end_object();
    return body;
}

std::optional<std::string> run_json(const flow_set& of, std::string_view flow, std::string_view run, unix_ns now) {
    auto* checker = of.find(flow);
    const auto* found = checker == nullptr ? nullptr : checker->find(run);
    if (found == nullptr) return std::nullopt;
    const auto judged = checker->look_at(*found, now);
    std::string body;
    json_writer out{body};
    out.begin_object();
    out.text("flow", flow);
    out.text("run", found->key);
    out.text("chain", found->events.empty() ? std::string{} : chain_text(found->events.back().trace));
    out.text("state", state_of(*found));
    if (judged.waits_for) out.text("waitsFor", checker->what().step_at(*judged.waits_for).text);
    write_steps(out, checker->what(), judged);
    write_events(out, of, checker->what(), *found);
    write_told(out, checker->what(), *found);
    out.number("leftOut", found->left_out);
    out.end_object();
    return body;
}

}  // namespace outrider::flows
