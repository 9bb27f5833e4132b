#include "sidecar/kafka/cluster_path.hpp"

#include "sidecar/kafka/session.hpp"

namespace outrider::kafka {
namespace {

net::awaitable<void> serve(cluster_path& path, net::stream client, net::tcp_endpoint peer) {
    session own{path, std::move(client), peer};
    co_await own.serve();
}

}  // namespace

cluster_path::cluster_path(net::worker& on, kafka::cluster& of, tracing::span_buffer* spans)
    : worker(on), cluster(of), resolver(on.get_executor()), tracer(of.tracing, spans) {}

cluster_path::~cluster_path() = default;

void cluster_path::accept(net::stream client, const net::tcp_endpoint& peer) {
    metrics.connections_accepted.add();
    worker.tasks().spawn(kafka::serve(*this, std::move(client), peer));
}

void cluster_path::drain() {
    draining_ = true;
    for (auto* each : sessions_) each->drain();
}

void cluster_path::abort() {
    draining_ = true;
    for (auto* each : sessions_) each->abort();
}

void cluster_path::housekeeping() {
    tracer.flush();
    if (++ticks_ % 10 != 0) return;
    codecs.trim();
    auto now = net::steady_clock::now();
    for (auto* each : sessions_) each->look(now);
}

std::string_view cluster_path::group_of(std::string_view client_id) const {
    auto found = groups_.find(client_id);
    return found == groups_.end() ? std::string_view{} : std::string_view{found->second};
}

void cluster_path::learn_group(std::string_view client_id, std::string_view group) {
    if (group.empty() || client_id.empty()) return;
    if (auto found = groups_.find(client_id); found != groups_.end()) {
        if (found->second != group) found->second = group;
    } else if (groups_.size() < most_clients) {
        groups_.emplace(client_id, group);
    }
}

bool cluster_path::may_hold(std::size_t size) {
    if (size > most_held_frame || held_ + size > most_held) return false;
    held_ += size;
    return true;
}

}  // namespace outrider::kafka
