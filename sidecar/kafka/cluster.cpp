#include "sidecar/kafka/cluster.hpp"

#include <algorithm>
#include <mutex>

#include "sidecar/kafka/cluster_map_file.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::kafka {
namespace {

bool may_inject(const std::vector<config::topic_trace>& rules) {
    for (const auto& rule : rules) {
        if (rule.mode == config::record_trace::inject_uncompressed || rule.mode == config::record_trace::inject_all)
            return true;
        if (rule.topics == "*") return false;
    }
    return true;
}

}  // namespace

cluster::cluster(std::string called, const config::kafka_cluster& from, const exchange::tracing_setup& how,
                 const std::string& state_folder)
    : name(std::move(called)),
      settings(from),
      tracing(how),
      tls(from.protocol == config::broker_protocol::tls ? std::make_shared<net::tls_context>(from.tls, net::alpn::none)
                                                        : nullptr),
      injects(may_inject(from.trace) || how.capture.wants_records()),
      file_(cluster_map_path(state_folder, name)) {
    auto ignored = load_cluster_map(file_, map);
    if (!ignored.empty()) spdlog::warn("the map of Kafka cluster '{}' is learned anew: {}", name, ignored);
}

void cluster::listening_on(const net::tcp_endpoint& bound) {
    listener_port_ = bound.port();
    plan = by_loopback() ? address_plan::loopback(bound.port())
                         : address_plan::ports({settings.advertise, static_cast<std::int32_t>(settings.base_port)});
}

std::string cluster::group_of(std::string_view client_id) const {
    const std::shared_lock lock(groups_mutex_);
    auto found = groups_.find(client_id);
    return found == groups_.end() ? std::string{} : found->second;
}

void cluster::learn_group(std::string_view client_id, std::string_view group) {
    if (group.empty() || client_id.empty() || group_of(client_id) == group) return;
    const std::unique_lock lock(groups_mutex_);
    if (auto found = groups_.find(client_id); found != groups_.end()) {
        found->second = group;
    } else if (groups_.size() < most_clients) {
        groups_.emplace(client_id, group);
    }
}

void cluster::note_applications() {
    const bool paused = pauses();
    if (pause_noted_.exchange(paused) == paused) return;
    if (paused)
        spdlog::warn("Kafka cluster '{}': consumption pauses, groups are kept: {}", name, applications->why());
    else
        spdlog::info("Kafka cluster '{}': consumption goes on", name);
}

void cluster::learn(const learned& facts) {
    if (facts.empty() || !map.learn(facts)) return;
    changed_ = true;
    if (on_nodes_learned && !facts.nodes.empty()) on_nodes_learned();
}

void cluster::save_if_changed() {
    if (!changed_.exchange(false)) return;
    auto failed = save_cluster_map(file_, map);
    if (!failed.empty()) spdlog::warn("the map of Kafka cluster '{}' is not kept for the next start: {}", name, failed);
}

}  // namespace outrider::kafka
