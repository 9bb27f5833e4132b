#include "sidecar/collector/flow_watch.hpp"

#include <random>

#include "sidecar/collector/trace_store.hpp"
#include "sidecar/net/log.hpp"
#include "tracing/flows/flow_json.hpp"
#include "tracing/flows/flow_metrics.hpp"

namespace outrider::collector {
namespace {

flows::flow_set_options options_of(std::uint64_t memory) {
    flows::flow_set_options out;
    out.most_bytes = memory;
    std::random_device random;
    for (auto& word : out.checking.secret) word = std::uint64_t{random()} << 32 | random();
    return out;
}

std::string count_text(std::size_t flows) {
    return flows == 1 ? "1 expected flow" : std::to_string(flows) + " expected flows";
}

}  // namespace

flow_watch::flow_watch(config::flow_input input, std::vector<flows::flow> first, std::uint64_t memory,
                       const trace_store& store, flows::unix_ns now)
    : input_(std::move(input)),
      flows_(options_of(memory), [&store](const tracing::trace_id& trace) { return store.chain_of(trace); }),
      fingerprint_(config::fingerprint(input_)) {
    flows_.load(std::move(first), now);
}

void flow_watch::observe(std::span<const tracing::span_view> spans, flows::unix_ns arrived) {
    const std::lock_guard lock{mutex_};
    for (const auto& one : spans) flows_.observe(one, arrived);
}

bool flow_watch::wants_names() const {
    const std::lock_guard lock{mutex_};
    return flows_.any_by_chain();
}

void flow_watch::regroup(std::span<const tracing::trace_id> former, flows::unix_ns now) {
    const std::lock_guard lock{mutex_};
    flows_.regroup(former, now);
}

void flow_watch::advance(flows::unix_ns now) {
    const std::lock_guard lock{mutex_};
    flows_.advance(now);
}

void flow_watch::begin_restoring(flows::unix_ns first) {
    const std::lock_guard lock{mutex_};
    flows_.begin_restoring(first);
}

void flow_watch::end_restoring(flows::unix_ns last, flows::unix_ns now) {
    const std::lock_guard lock{mutex_};
    flows_.end_restoring(last, now);
}

/// With the mutex held.
void flow_watch::take(config::flows_result read, const std::string& why, flows::unix_ns now) {
    const auto* errors = std::get_if<config::diagnostics>(&read);
    last_failed_ = errors != nullptr;
    if (errors != nullptr) {
        for (const auto& each : *errors) spdlog::error("{}", config::to_text(each));
        spdlog::error("{}: nothing was taken over, the former flows ({}) stay in force", why, flows_.checkers().size());
        return;
    }
    auto& loaded = std::get<config::loaded_flows>(read);
    for (const auto& each : loaded.warnings) spdlog::warn("{}", config::to_text(each));
    const auto count = loaded.value.size();
    flows_.load(std::move(loaded.value), now);
    spdlog::info("{}: {} in force", why, count_text(count));
}

void flow_watch::look(flows::unix_ns now) {
    const auto seen = config::fingerprint(input_);
    {
        const std::lock_guard lock{mutex_};
        if (seen == fingerprint_) return;
    }
    reload("files changed", now);
}

void flow_watch::reload(const std::string& why, flows::unix_ns now) {
    // Before anything is read: what changes meanwhile is seen as a change.
    auto seen = config::fingerprint(input_);
    auto read = config::load_flows(input_);
    const std::lock_guard lock{mutex_};
    fingerprint_ = std::move(seen);
    take(std::move(read), why, now);
}

std::uint64_t flow_watch::version() const {
    const std::lock_guard lock{mutex_};
    return flows_.version();
}

std::string flow_watch::page() const {
    const std::lock_guard lock{mutex_};
    return flows::flows_json(flows_);
}

std::optional<std::string> flow_watch::run_page(std::string_view flow, std::string_view run, flows::unix_ns now) const {
    const std::lock_guard lock{mutex_};
    return flows::run_json(flows_, flow, run, now);
}

std::string flow_watch::metrics() const {
    const std::lock_guard lock{mutex_};
    std::string out;
    flows::append_flow_metrics(out, flows_);
    const auto number = [&](const char* name, const char* type, const char* help, std::uint64_t value) {
        out += std::string{"# HELP "} + name + " " + help + "\n# TYPE " + name + " " + type + "\n" + name + " " +
               std::to_string(value) + "\n";
    };
    number("outrider_flow_events_total", "counter", "Events of expected flows, as found in spans.",
           flows_.counters().events);
    number("outrider_flow_events_left_out_total", "counter",
           "Among them: without the business key, or with too long a one.", flows_.counters().left_out);
    number("outrider_flow_runs_held", "gauge", "Runs that are remembered, those that have ended included.",
           flows_.runs());
    number("outrider_flow_runs_evicted_total", "counter", "Runs that made room for newer ones.",
           flows_.counters().evicted);
    number("outrider_flow_bytes", "gauge", "Memory of the runs.", flows_.bytes());
    number("outrider_flow_reload_failed", "gauge",
           "1 when the files of flows have errors: the former ones stay in force.", last_failed_ ? 1 : 0);
    return out;
}

}  // namespace outrider::collector
