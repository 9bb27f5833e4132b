// What the monitor of health watches, and what follows from its verdict.

#include <algorithm>

#include "sidecar/app/sidecar.hpp"

namespace outrider::app {
namespace {

constexpr std::chrono::milliseconds worker_answers_within{500};
/// A thousand probes a second wake each worker twenty times only.
constexpr std::chrono::milliseconds workers_are_asked_every{50};

/// The applications behind inbound listeners; without these, one that listens nowhere, if it can be probed at all.
std::vector<config::endpoint> applications_of(const config::settings& settings) {
    std::vector<config::endpoint> out;
    for (const auto& inbound : settings.inbound)
        if (std::find(out.begin(), out.end(), inbound.app) == out.end()) out.push_back(inbound.app);
    const auto& how = settings.health;
    if (out.empty() && how.port != 0) out.push_back({"127.0.0.1", static_cast<std::uint16_t>(how.port)});
    if (out.empty() && !how.command.empty()) out.emplace_back();
    return out;
}

}  // namespace

void sidecar::make_monitor() {
    const auto& settings = configuration_.value;
    discovery::monitor_setup setup;
    for (const auto& where : applications_of(settings))
        setup.applications.push_back({where, &shared_->applications->named(where.text())});
    setup.application_check = settings.health;
    setup.upstreams = settings.upstreams;
    setup.clusters = settings.kafka;
    setup.tls = [this](discovery::target_kind kind, const std::string& name) -> std::shared_ptr<net::tls_context> {
        if (kind == discovery::target_kind::upstream) {
            const auto found = shared_->endpoints.find(name);
            return found ? found->tls : nullptr;
        }
        for (const auto& each : clusters_)
            if (each->name == name) return each->tls;
        return nullptr;
    };
    setup.hold_out = [this](const std::string& upstream, const config::upstream_endpoint& endpoint, bool down,
                            const std::string& why) {
        if (const auto place = shared_->endpoints.locate(upstream, endpoint))
            place->balancer->hold_out(place->index, down, why, governance::steady_clock::now());
    };
    monitor_ = std::make_unique<discovery::health_monitor>(setup);
    monitor_->subscribe([this](const auto& verdict) { directory_->publish(discovery::publication_of(verdict)); });
}

/// A line for each worker that did not answer when they were asked last.
std::vector<std::string> sidecar::silent_workers() {
    const std::lock_guard lock(workers_mutex_);
    const auto now = net::steady_clock::now();
    if (now < workers_until_) return silent_workers_;
    silent_workers_.clear();
    for (auto& each : lanes_)
        if (!each->worker.run_within(worker_answers_within, [] {}))
            silent_workers_.push_back("worker " + std::to_string(each->worker.index()) + " does not answer within " +
                                      std::to_string(worker_answers_within.count()) + "ms");
    workers_until_ = net::steady_clock::now() + workers_are_asked_every;
    return silent_workers_;
}

bool sidecar::workers_answer() { return silent_workers().empty(); }

admin::readiness sidecar::ready() {
    admin::readiness out;
    const auto verdict = monitor_->verdict();
    out.reasons = silent_workers();
    out.ready = out.reasons.empty() && !draining_ && may_get_traffic(verdict.state);
    if (draining_)
        out.reasons.emplace_back("draining");
    else
        for (const auto& reason : verdict.reasons) out.reasons.push_back(reason.line());
    return out;
}

std::string sidecar::health_page() {
    return monitor_->board().page(governance::steady_clock::now(), std::chrono::system_clock::now()).dump(2) + "\n";
}

}  // namespace outrider::app
