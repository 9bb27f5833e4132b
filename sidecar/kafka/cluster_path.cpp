#include "sidecar/kafka/cluster_path.hpp"

#include "sidecar/kafka/session.hpp"

namespace outrider::kafka {
namespace {

net::awaitable<void> serve(cluster_path& path, net::stream client, net::tcp_endpoint peer) {
    session own{path, std::move(client), peer};
    co_await own.serve();
}

}  // namespace

cluster_path::cluster_path(net::worker& on, kafka::cluster& of, tracing::span_buffer* spans,
                           const exchange::governor& by)
    : worker(on), cluster(of), resolver(on.get_executor()), tracer(of.tracing, spans), policies(by, of.name) {}

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

void cluster_path::applications_changed() {
    for (auto* each : sessions_) each->look_again();
}

void cluster_path::housekeeping() {
    tracer.flush();
    if (++ticks_ % 10 != 0) return;
    codecs.trim();
    policies.refresh();
    memory.trim();
    auto now = net::steady_clock::now();
    for (auto* each : sessions_) each->look(now);
}

bool cluster_path::may_hold(std::size_t size) {
    if (size > most_held_frame || held_ + size > most_held) return false;
    held_ += size;
    return true;
}

}  // namespace outrider::kafka
