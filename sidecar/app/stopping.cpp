// What a stop does with the parts of a sidecar; its order is in shutdown.cpp.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sidecar/app/sidecar.hpp"
#include "sidecar/net/log.hpp"
#include "sidecar/net/try_connect.hpp"
#include "sidecar/net/utc_text.hpp"

namespace outrider::app {
namespace {

using std::chrono::milliseconds;

/// For what a worker does at once; one that hangs keeps the others no longer.
constexpr milliseconds worker_takes{2'000};
constexpr milliseconds application_answers_within{200};
/// Beside the spans, so mostly nothing is left to wait for.
constexpr milliseconds last_word_takes{200};

void add_addresses(const config::endpoint& where, std::vector<net::tcp_endpoint>& to) {
    try {
        auto found = net::resolve_now(where);
        to.insert(to.end(), found.begin(), found.end());
    } catch (const std::exception& e) {
        spdlog::warn("whether the application listens cannot be told: {}", e.what());
    }
}

/// Looked up when first asked. A name without an address says nothing.
std::function<bool()> refusal_of(std::vector<config::endpoint> applications) {
    if (applications.empty()) return {};
    auto addresses = std::make_shared<std::vector<net::tcp_endpoint>>();
    return [applications = std::move(applications), addresses]() mutable {
        for (const auto& each : applications) add_addresses(each, *addresses);
        applications.clear();
        return net::refuses(*addresses, application_answers_within);
    };
}

/// Tunnels, and connections whose protocol is not known yet; what became HTTP's or Kafka's is counted there.
void add_intercepted(const intercept::intercept_path& path, open_connections& to) {
    const auto& inbound = path.metrics[static_cast<std::size_t>(exchange::direction::inbound)];
    const std::size_t tunnels = inbound.tunnels_open.value(), all = path.open.value();
    to.inbound += tunnels;
    to.outbound += all - std::min(all, tunnels);
    for (const auto& direction : path.metrics)
        for (const auto& each : direction.connections) to.accepted += each.value();
}

void stop_all(std::vector<std::unique_ptr<net::acceptor>>& acceptors) {
    for (auto& each : acceptors) each->stop();
}

}  // namespace

stop_actions sidecar::actions_of_stop() {
    std::vector<config::endpoint> applications;
    for (const auto& inbound : configuration_.value.inbound) applications.push_back(inbound.app);
    stop_actions out;
    out.withdraw = [this](milliseconds most) { directory_->withdraw(most); };
    out.has_callers = !lanes_.front()->inbound_acceptors.empty();
    out.application_refuses = refusal_of(std::move(applications));
    out.close_inbound = [this] { each_lane([](lane& own) { own.path->drain_inbound(); }, worker_takes); };
    out.stop_inbound = [this] { each_lane([](lane& own) { stop_all(own.inbound_acceptors); }, worker_takes); };
    out.stop_accepting = [this] {
        each_lane(
            [](lane& own) {
                stop_all(own.inbound_acceptors);
                stop_all(own.acceptors);
            },
            worker_takes);
    };
    out.close_all = [this] {
        each_lane(
            [](lane& own) {
                own.path->drain();
                for (auto& cluster : own.clusters) cluster->drain();
            },
            worker_takes);
    };
    out.cut = [this] {
        each_lane(
            [](lane& own) {
                own.path->abort();
                for (auto& cluster : own.clusters) cluster->abort();
                if (own.intercept) own.intercept->abort();
            },
            worker_takes);
    };
    out.deliver = [this](milliseconds patience) { deliver_what_waits(patience); };
    out.open = [this] { return count_connections(); };
    return out;
}

open_connections sidecar::count_connections() const {
    open_connections out;
    for (const auto& each : lanes_) {
        const auto& http = each->path->metrics;
        const std::size_t inbound = http.inbound_open.value();
        const std::size_t all = http.connections_open.value();
        out.inbound += inbound;
        out.outbound += all - std::min(all, inbound);  // read one after the other, while they change
        out.accepted += http.connections_accepted.value();
        for (const auto& cluster : each->clusters) {
            out.kafka += cluster->metrics.connections_open.value();
            out.accepted += cluster->metrics.connections_accepted.value();
        }
        if (each->intercept) add_intercepted(*each->intercept, out);
    }
    return out;
}

/// The workers' last spans and log lines, what is known of the brokers, and then everything to where it belongs.
void sidecar::deliver_what_waits(milliseconds patience) {
    each_lane(
        [](lane& own) {
            own.tick.cancel();
            own.path->housekeeping();
            for (auto& cluster : own.clusters) cluster->housekeeping();
        },
        worker_takes);
    for (auto& cluster : clusters_) cluster->save_if_changed();
    if (sender_) sender_->begin_stop();
    exporter_->stop(patience);
    if (sender_) sender_->stop(last_word_takes);
    if (log_writer_) log_writer_->stop();
}

void sidecar::stop(const std::atomic<bool>& hurry) {
    draining_ = true;
    monitor_->drain();
    shutdown_->run(hurry);
    monitor_->stop();
    directory_->stop();
    if (fleet_) fleet_->stop();
    std::size_t escaped = 0;
    for (auto& each : lanes_) {
        escaped += each->worker.tasks().escaped();
        each->worker.stop();
    }
    if (escaped > 0) spdlog::error("{} tasks ended by an exception: please report this", escaped);
    for (auto& admin : admins_) admin->stop(milliseconds{200});
}

/// Null before it begins.
nlohmann::json sidecar::stopping_json() const {
    const auto progress = shutdown_->look();
    if (!progress) return nullptr;
    const auto open = count_connections();
    return {{"phase", name_of(progress->phase)},
            {"since", net::utc_text(progress->since)},
            {"deadline", net::utc_text(progress->deadline)},
            {"open", {{"inbound", open.inbound}, {"outbound", open.outbound}, {"kafka", open.kafka}}},
            {"spans_queued", exporter_->stats().queued}};
}

std::string sidecar::status() const {
    const auto progress = shutdown_->look();
    if (!progress) return fmt::format("serving {}", configuration_.value.service);
    const auto open = count_connections();
    return fmt::format("{}: {} inbound, {} outbound, {} Kafka connections open", name_of(progress->phase), open.inbound,
                       open.outbound, open.kafka);
}

}  // namespace outrider::app
