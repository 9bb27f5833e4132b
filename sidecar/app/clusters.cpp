// The Kafka clusters of a sidecar: their listeners, one per worker for the same address, and where ports stand for
// brokers, one more per broker.
#include "sidecar/app/own_addresses.hpp"
#include "sidecar/app/sidecar.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::app {

void sidecar::open_clusters() {
    const auto& settings = configuration_.value;
    for (const auto& [name, from] : settings.kafka) {
        auto& cluster =
            *clusters_.emplace_back(std::make_unique<kafka::cluster>(name, from, shared_->tracing, settings.state));
        if (from.pause_when_sick) cluster.applications = shared_->applications.get();
        open_cluster(cluster, clusters_.size() - 1);
    }
    shared_->applications->on_change = [this] { applications_changed(); };
}

/// On the thread of whoever watches the applications: fetches that wait for one of them look again.
void sidecar::applications_changed() {
    for (auto& each : clusters_) each->note_applications();
    for (auto& each : lanes_) {
        auto* own = each.get();
        own->worker.post([own] {
            for (auto& cluster : own->clusters) cluster->applications_changed();
        });
    }
}

/// A socket for each worker; the first finds the port when 0 was asked for.
std::vector<net::listening_socket> sidecar::cluster_sockets(const kafka::cluster& cluster, net::tcp_endpoint& address) {
    const auto setting = "kafka." + cluster.name + ".listen";
    const bool shared = lanes_.size() > 1;
    // Without SO_REUSEPORT a port that another process holds is refused, so it is tried that way first.
    if (shared && address.port() != 0 && cluster.by_loopback())
        net::listening_socket::expect_free_loopback(address.port(), setting);
    else if (shared && address.port() != 0)
        net::listening_socket::expect_free(address, setting);
    std::vector<net::listening_socket> out;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        out.push_back(cluster.by_loopback() ? net::listening_socket::open_loopback(address.port(), setting, shared)
                                            : net::listening_socket::open(address, setting, shared));
        address.port(out.back().bound().port());
    }
    return out;
}

void sidecar::add_acceptor(lane& to, std::size_t index, net::listening_socket socket) {
    auto* path = to.clusters[index].get();
    to.acceptors.push_back(std::make_unique<net::acceptor>(
        to.worker.get_executor(), std::move(socket),
        [path](net::stream client, const net::tcp_endpoint& peer) { path->accept(std::move(client), peer); }));
}

void sidecar::open_cluster(kafka::cluster& cluster, std::size_t index) {
    auto address = net::resolve_now(cluster.settings.listen).front();
    auto sockets = cluster_sockets(cluster, address);
    cluster.listening_on(address);
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        auto& own = *lanes_[i];
        own.clusters.push_back(
            std::make_unique<kafka::cluster_path>(own.worker, cluster, &own.spans, own.path->governor));
        add_acceptor(own, index, std::move(sockets[i]));
    }
    guard_own(shared_->egress, address);
    listening_.push_back("kafka:" + cluster.name + " " + net::text_of(address));
    if (cluster.by_loopback()) return;
    cluster.on_nodes_learned = [this, &cluster, index, address] { listen_for_nodes(cluster, index, address); };
    listen_for_nodes(cluster, index, address);
}

/// Opens the ports of brokers that are not listened on yet, before a client hears of them. Connections wait in the
/// kernel's queue until each worker has taken its socket over. Any worker.
void sidecar::listen_for_nodes(kafka::cluster& cluster, std::size_t index, const net::tcp_endpoint& bound) {
    const std::lock_guard lock(node_ports_mutex_);
    auto view = cluster.map.view();
    for (const auto& [node, where] : view->nodes) {
        auto advertised = cluster.plan.advertise(node);
        if (!advertised || node_ports_.contains({index, advertised->port})) continue;
        auto address = net::tcp_endpoint{bound.address(), static_cast<std::uint16_t>(advertised->port)};
        try {
            auto sockets = cluster_sockets(cluster, address);
            for (std::size_t i = 0; i < lanes_.size(); ++i) {
                auto* own = lanes_[i].get();
                auto socket = std::make_shared<net::listening_socket>(std::move(sockets[i]));
                own->worker.post([own, index, socket] {
                    add_acceptor(*own, index, std::move(*socket));
                    if (!own->clusters[index]->draining()) own->acceptors.back()->start(own->worker.tasks());
                });
            }
            node_ports_.emplace(index, advertised->port);
        } catch (const std::runtime_error& error) {
            spdlog::error("Kafka cluster '{}': broker {} cannot be reached through the sidecar: {}", cluster.name,
                          node.id, error.what());
        }
    }
}

}  // namespace outrider::app
