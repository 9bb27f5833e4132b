// What the admin listener shows of a running sidecar: metrics and state.

#include <map>

#include <nlohmann/json.hpp>

#include "sidecar/app/discovery_page.hpp"
#include "sidecar/app/endpoints_page.hpp"
#include "sidecar/app/metrics_page.hpp"
#include "sidecar/app/sidecar.hpp"
#include "sidecar/net/utc_text.hpp"

namespace outrider::app {
namespace {

using admin::metric_type;

std::string direction_of(exchange::target_index target) { return target == 0 ? "inbound" : "outbound"; }

admin::histogram_value histogram_of(const exchange::duration_histogram& from) {
    admin::histogram_value out;
    out.bounds.assign(exchange::duration_bounds.begin(), exchange::duration_bounds.end());
    for (const auto& bucket : from.buckets) out.buckets.push_back(bucket.value());
    out.sum = static_cast<double>(from.sum_microseconds.value()) / 1e6;
    return out;
}

void add_requests(page& out, const exchange::worker_metrics& m, const std::vector<std::string>& targets) {
    for (const auto& row : m.requests.rows()) {
        auto status = row.status == 0 ? std::string{"none"} : std::to_string(row.status);
        out.add("outrider_requests_total", "Exchanges by direction, upstream, method and answered status.",
                metric_type::counter,
                {{"direction", direction_of(row.target)},
                 {"upstream", targets[row.target]},
                 {"method", std::string{exchange::known_methods[row.method]}},
                 {"status", status}},
                row.count);
    }
    if (m.requests.overflow() > 0)
        out.add("outrider_requests_total", "", metric_type::counter,
                {{"direction", "other"}, {"upstream", "other"}, {"method", "other"}, {"status", "other"}},
                m.requests.overflow());
    for (std::size_t i = 0; i < targets.size(); ++i) {
        auto where =
            labels{{"direction", direction_of(static_cast<exchange::target_index>(i))}, {"upstream", targets[i]}};
        out.add("outrider_request_duration_seconds", "From a request's first byte to its answer's last.", where,
                histogram_of(m.durations[i]));
        out.add("outrider_upstream_attempts_total", "Attempts at an upstream.", metric_type::counter,
                {{"upstream", targets[i]}, {"outcome", "answered"}},
                m.attempts[i].value() - m.failed_attempts[i].value());
        out.add("outrider_upstream_attempts_total", "", metric_type::counter,
                {{"upstream", targets[i]}, {"outcome", "failed"}}, m.failed_attempts[i].value());
    }
}

void add_traffic(page& out, const exchange::worker_metrics& m) {
    for (std::size_t code = 1; code < exchange::failure_codes; ++code)
        out.add("outrider_failures_total", "Exchanges that failed or were refused, by reason.", metric_type::counter,
                {{"reason", std::string{exchange::name_of(static_cast<exchange::failure_code>(code))}}},
                m.failures[code].value());
    for (std::size_t kind = 0; kind < m.tunnels.size(); ++kind)
        out.add("outrider_tunnels_total", "Connections carried as tunnels, by kind.", metric_type::counter,
                {{"kind", std::string{exchange::name_of(static_cast<exchange::tunnel_kind>(kind))}}},
                m.tunnels[kind].value());
    out.add("outrider_connections_total", "Connections accepted from clients.", metric_type::counter, {},
            m.connections_accepted.value());
    out.add("outrider_connections_open", "Connections of clients open now.", metric_type::gauge, {},
            m.connections_open.value());
    out.add("outrider_connections_refused_total", "Connections over limits.connections.", metric_type::counter, {},
            m.connections_refused.value());
    out.add("outrider_upstream_connections_total", "Connections opened to upstreams.", metric_type::counter, {},
            m.upstream_connections_opened.value());
    out.add("outrider_stale_retries_total", "Requests sent again because a pooled connection had been closed.",
            metric_type::counter, {}, m.stale_retries.value());
    out.add("outrider_body_bytes_total", "Bytes of bodies.", metric_type::counter, {{"of", "requests"}},
            m.request_bytes.value());
    out.add("outrider_body_bytes_total", "", metric_type::counter, {{"of", "answers"}}, m.response_bytes.value());
}

void add_spans(page& out, const exporting::export_stats& stats) {
    auto state = [&](const char* name, std::uint64_t value) {
        out.add("outrider_spans_total", "Finished spans by where they are: each is in exactly one state.",
                metric_type::gauge, {{"state", name}}, value);
    };
    state("delivered", stats.delivered);
    state("queued", stats.queued);
    state("spooled", stats.spooled);
    for (std::size_t i = 0; i < exporting::drop_reasons; ++i)
        out.add("outrider_spans_dropped_total", "Spans given up, by reason.", metric_type::counter,
                {{"reason", std::string{exporting::name_of(static_cast<exporting::drop_reason>(i))}}},
                stats.dropped[i]);
    out.add("outrider_spans_finished_total", "Spans finished by this process.", metric_type::counter, {},
            stats.finished);
    out.add("outrider_spans_adopted_total", "Spans that former processes left in the spool.", metric_type::counter,
            {{"state", "delivered"}}, stats.adopted.delivered);
    out.add("outrider_spans_adopted_total", "", metric_type::counter, {{"state", "spooled"}}, stats.adopted.spooled);
    out.add("outrider_spans_adopted_total", "", metric_type::counter, {{"state", "dropped"}}, stats.adopted.dropped);
    out.add("outrider_exports_total", "Requests to the span receiver.", metric_type::counter, {{"outcome", "accepted"}},
            stats.exports);
    out.add("outrider_exports_total", "", metric_type::counter, {{"outcome", "failed"}}, stats.failed_exports);
    out.add("outrider_spool_bytes", "Bytes of the spool.", metric_type::gauge, {}, stats.spool_bytes);
    out.add("outrider_spool_usable", "1 when spans can be written to disk.", metric_type::gauge, {},
            stats.spool_usable ? 1 : 0);
}

void add_sender(page& out, const sender_stats& stats) {
    out.add("outrider_cards_total", "Times that the collector was told how this sidecar stands, by outcome.",
            metric_type::counter, {{"outcome", "accepted"}}, stats.accepted);
    out.add("outrider_cards_total", "", metric_type::counter, {{"outcome", "failed"}}, stats.failed);
    out.add("outrider_card_left_out", "Dependencies and rules that had no room in what the collector was told last.",
            metric_type::gauge, {}, stats.left_out);
}

void add_fleet(page& out, const fleet::fleet_stats& stats) {
    out.add("outrider_fleet_up", "1 while Redis answers; else limits of the fleet go by this sidecar's share.",
            metric_type::gauge, {}, stats.up ? 1 : 0);
    out.add("outrider_fleet_calls_total", "Batches that Redis answered.", metric_type::counter, {}, stats.calls);
    out.add("outrider_fleet_keys_total", "Keys that were asked for in them.", metric_type::counter, {}, stats.keys);
    for (std::size_t i = 0; i < stats.errors.size(); ++i)
        out.add("outrider_fleet_errors_total", "Calls without an answer that could be used, by reason.",
                metric_type::counter, {{"reason", std::string{fleet::name_of(static_cast<fleet::redis_error>(i))}}},
                stats.errors[i]);
    auto decisions = [&](const char* by, std::uint64_t value) {
        out.add("outrider_fleet_fallbacks_total", "Decisions that were not made by a lease, by what made them.",
                metric_type::counter, {{"by", by}}, value);
    };
    decisions("local_share", stats.local);
    decisions("shared_bucket", stats.overflowed);
    decisions("queue_full", stats.unasked);
    admin::histogram_value latency;
    for (auto bound : fleet::latency_bounds_ms) latency.bounds.push_back(bound / 1'000);
    latency.buckets.assign(stats.latency.begin(), stats.latency.end());
    latency.sum = stats.seconds;
    out.add("outrider_fleet_call_duration_seconds", "How long Redis took to answer a batch.", {}, std::move(latency));
}

void add_policies(page& out, const policy_store::counts& counts) {
    out.add("outrider_policies", "Policies in force.", metric_type::gauge, {}, counts.policies);
    out.add("outrider_policy_reloads_total", "Readings of configuration and policies after the first, by outcome.",
            metric_type::counter, {{"outcome", "applied"}}, counts.applied);
    out.add("outrider_policy_reloads_total", "", metric_type::counter, {{"outcome", "failed"}}, counts.failed);
    out.add("outrider_settings_waiting_for_restart", "Settings that changed and need a restart.", metric_type::gauge,
            {}, counts.restart_needed);
}

nlohmann::json spans_json(const exporting::export_stats& stats) {
    nlohmann::json dropped = nlohmann::json::object();
    for (std::size_t i = 0; i < exporting::drop_reasons; ++i)
        if (stats.dropped[i] > 0)
            dropped[std::string{exporting::name_of(static_cast<exporting::drop_reason>(i))}] = stats.dropped[i];
    return {{"finished", stats.finished},        {"delivered", stats.delivered}, {"queued", stats.queued},
            {"spooled", stats.spooled},          {"dropped", dropped},           {"spool_bytes", stats.spool_bytes},
            {"spool_usable", stats.spool_usable}};
}

/// Null while nothing is paused. @param fetches  that were answered here so far, in all pauses
nlohmann::json pause_json(const kafka::cluster& of, std::uint64_t fetches) {
    const auto since = of.pauses() ? of.applications->sick_since() : std::nullopt;
    if (!since) return nullptr;
    return {{"since", net::utc_text_of_seconds(*since)},
            {"why", of.applications->why()},
            {"fetches_answered_here", fetches}};
}

}  // namespace

std::string sidecar::metrics_page() {
    page out;
    for (auto& each : lanes_) {
        add_requests(out, each->path->metrics, shared_->targets);
        add_traffic(out, each->path->metrics);
        add_decisions(out, each->path->governor.counts);
        if (each->intercept) add_intercepted(out, each->intercept->metrics);
        for (auto& cluster : each->clusters) add_cluster(out, cluster->cluster.name, cluster->metrics);
    }
    for (auto& each : clusters_) add_cluster_state(out, *each);
    add_policies(out, policies_->count());
    add_health(out, monitor_->board());
    if (fleet_) add_fleet(out, fleet_->stats());
    add_discovery(out, *directory_);
    add_spans(out, exporter_->stats());
    if (sender_) add_sender(out, sender_->stats());
    out.add("outrider_build_info", "1, labelled by version.", metric_type::gauge, {{"version", OUTRIDER_VERSION}}, 1);
    return out.render();
}

/// What each worker has open. One that does not answer in time says nothing of its pools.
nlohmann::json sidecar::workers_json() {
    auto out = nlohmann::json::array();
    for (auto& each : lanes_) {
        const auto& m = each->path->metrics;
        auto pools = std::make_shared<std::map<std::string, std::size_t>>();
        auto* own = each.get();
        bool answered = own->worker.run_within(std::chrono::milliseconds{200}, [own, pools] {
            for (const auto& role : own->roles)
                if (role->kind == http::listener_kind::inbound) (*pools)["app"] += role->fixed->idle();
            for (const auto& [name, target] : own->path->router.all_named()) (*pools)[target->name()] = target->idle();
        });
        out.push_back({{"connections_open", m.connections_open.value()},
                       {"connections_total", m.connections_accepted.value()},
                       {"idle_upstream_connections", answered ? nlohmann::json(*pools) : nlohmann::json()},
                       {"stale_retries", m.stale_retries.value()}});
    }
    return out;
}

nlohmann::json sidecar::clusters_json() const {
    auto out = nlohmann::json::object();
    for (std::size_t i = 0; i < clusters_.size(); ++i) {
        auto state = clusters_[i]->map.state();
        std::uint64_t open = 0, fetches = 0;
        for (const auto& each : lanes_) {
            open += each->clusters[i]->metrics.connections_open.value();
            fetches += each->clusters[i]->metrics.paused_fetches.value();
        }
        state["connections_open"] = open;
        state["paused"] = pause_json(*clusters_[i], fetches);
        out[clusters_[i]->name] = std::move(state);
    }
    return out;
}

std::string sidecar::state_page() {
    nlohmann::json out;
    out["service"] = configuration_.value.service;
    out["instance"] = configuration_.value.instance;
    out["version"] = OUTRIDER_VERSION;
    out["draining"] = draining_.load();
    out["stopping"] = stopping_json();
    out["listeners"] = listening_;
    auto verdict = ready();
    out["ready"] = verdict.ready;
    out["reasons"] = verdict.reasons;
    out["health"] = name_of(monitor_->verdict().state);
    out["workers"] = workers_json();
    out["upstreams"] = endpoints_json(*shared_, governance::steady_clock::now());
    out["discovery"] = discovery_json(*directory_);
    out["kafka"] = clusters_json();
    out["spans"] = spans_json(exporter_->stats());
    // Brokers name their hosts, and need not do so in UTF-8.
    return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace outrider::app
