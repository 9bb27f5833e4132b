#include "sidecar/kafka/cluster_path.hpp"

#include <algorithm>

#include "sidecar/kafka/session.hpp"

namespace outrider::kafka {
namespace {

/// A name that cannot be looked up must not hold the client's connection for long.
constexpr std::chrono::milliseconds name_within{500};

net::awaitable<void> serve(cluster_path& path, net::stream client, net::tcp_endpoint peer,
                           std::optional<broker_address> to) {
    session own{path, std::move(client), peer, std::move(to)};
    co_await own.serve();
}

/// All that the cluster's configuration and its answers call a broker on this port.
std::vector<host_port> brokers_on(const cluster& of, std::uint16_t port) {
    std::vector<host_port> out;
    for (const auto& each : of.settings.brokers)
        if (each.port == port) out.push_back({each.host, each.port});
    for (const auto& [node, where] : of.map.view()->nodes)
        if (where.port == port && std::find(out.begin(), out.end(), where) == out.end()) out.push_back(where);
    return out;
}

}  // namespace

cluster_path::cluster_path(net::worker& on, kafka::cluster& of, tracing::span_buffer* spans,
                           const exchange::governor& by)
    : worker(on),
      cluster(of),
      resolver(on.get_executor()),
      tracer(of.tracing, spans),
      capture(of.tracing.capture),
      policies(by, of.name) {}

cluster_path::~cluster_path() = default;

void cluster_path::accept(net::stream client, const net::tcp_endpoint& peer) {
    metrics.connections_accepted.add();
    worker.tasks().spawn(kafka::serve(*this, std::move(client), peer, std::nullopt));
}

void cluster_path::accept(net::stream client, const net::tcp_endpoint& peer, broker_address to) {
    metrics.connections_accepted.add();
    worker.tasks().spawn(kafka::serve(*this, std::move(client), peer, std::move(to)));
}

bool cluster_path::has_broker_on(std::uint16_t port) const { return !brokers_on(cluster, port).empty(); }

net::awaitable<std::optional<host_port>> cluster_path::broker_at(net::tcp_endpoint where) {
    const auto deadline = net::steady_clock::now() + name_within;
    const auto candidates = brokers_on(cluster, where.port());
    for (const auto& each : candidates) {
        auto found = co_await resolver.resolve(each.host, where.port(), deadline);
        if (std::find(found.addresses.begin(), found.addresses.end(), where) != found.addresses.end()) co_return each;
    }
    co_return std::nullopt;
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
