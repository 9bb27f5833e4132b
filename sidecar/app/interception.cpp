// Transparent interception: listeners that rules of the kernel lead to, for both families, and who takes over what
// comes there.
#include <stdexcept>

#include <unistd.h>

#include "sidecar/app/own_addresses.hpp"
#include "sidecar/app/sidecar.hpp"
#include "sidecar/http/connector.hpp"
#include "sidecar/net/log.hpp"
#include "sidecar/net/own_mark.hpp"

namespace outrider::app {
namespace {

using exchange::direction;
using kafka_paths = std::vector<std::unique_ptr<kafka::cluster_path>>;

/// What tells our own connections from the application's must hold before the first is made.
void claim_own_connections(const config::intercept& from) {
    if (from.mark != 0) {
        if (const auto why = net::mark_own_connections(from.mark); !why.empty())
            throw std::runtime_error("intercept.mark: marks cannot be set on connections: " + why +
                                     "; or use 'intercept.uid' and run the sidecar as that user");
    }
    if (!from.uid || *from.uid == ::geteuid()) return;
    throw std::runtime_error("intercept.uid is " + std::to_string(*from.uid) + ", but this sidecar runs as user " +
                             std::to_string(::geteuid()) +
                             ": its own connections would be intercepted too; run it as user " +
                             std::to_string(*from.uid) + ", or correct the setting");
}

net::awaitable<std::optional<intercept::broker>> find_broker(const kafka_paths& clusters, net::tcp_endpoint where) {
    std::optional<intercept::broker> out;
    for (std::size_t i = 0; i < clusters.size(); ++i) {
        if (!clusters[i]->has_broker_on(where.port())) continue;
        auto known = co_await clusters[i]->broker_at(where);
        if (!known) continue;
        out.emplace();
        out->cluster = i;
        out->host = known->host;
        break;
    }
    co_return out;
}

std::string name_of_listener(direction which) {
    return which == direction::inbound ? "intercept.inbound" : "intercept.outbound";
}

/// 127.0.0.1 and ::1, where redirected connections of this machine arrive; all addresses for those from outside.
std::vector<net::tcp_endpoint> addresses_of(direction which, std::uint16_t port) {
    const bool inbound = which == direction::inbound;
    auto out = net::resolve_now({inbound ? "0.0.0.0" : "127.0.0.1", port});
    const auto v6 = net::resolve_now({inbound ? "::" : "::1", port}).front();
    if (net::listening_socket::has_address(v6.address())) out.push_back(v6);
    return out;
}

}  // namespace

void sidecar::open_interception() {
    const auto& from = configuration_.value.intercept;
    if (!from.any()) return;
    claim_own_connections(from);
    for (auto& each : lanes_) make_intercept_path(*each);
    if (from.inbound != 0) open_intercepted(direction::inbound, static_cast<std::uint16_t>(from.inbound));
    if (from.outbound != 0) open_intercepted(direction::outbound, static_cast<std::uint16_t>(from.outbound));
}

void sidecar::make_intercept_path(lane& own) {
    const auto& settings = configuration_.value;
    for (const auto which : {direction::inbound, direction::outbound}) {
        auto& role = own.intercepted[static_cast<std::size_t>(which)];
        role.kind = which == direction::inbound ? http::listener_kind::inbound : http::listener_kind::outbound;
        role.name = name_of_listener(which);
        role.trust = settings.intercept.trust;
        role.trust_forwarded = settings.intercept.trust_forwarded;
        role.intercepted = true;
    }
    intercept::surroundings around;
    around.http = [&own](net::stream client, const net::tcp_endpoint& peer, const net::tcp_endpoint& to,
                         direction which) {
        const auto& role = own.intercepted[static_cast<std::size_t>(which)];
        auto target = own.path->router.intercepted(to, role.kind, net::steady_clock::now());
        own.path->accept(std::move(client), peer, role, std::move(target));
    };
    around.kafka = [&own](net::stream client, const net::tcp_endpoint& peer, const net::tcp_endpoint& to,
                          const intercept::broker& who) {
        kafka::broker_address address{{who.host, to.port()}, to};
        if (who.host.empty()) address.who.host = to.address().to_string();
        own.clusters[who.cluster]->accept(std::move(client), peer, std::move(address));
    };
    around.find_broker = [&own](const net::tcp_endpoint& where) { return find_broker(own.clusters, where); };
    around.cluster_named = [this](const std::string& name) {
        std::size_t index = 0;
        while (clusters_[index]->name != name) ++index;  // the configuration was judged
        return index;
    };
    around.judge = [this](const net::tcp_endpoint& where) {
        return shared_->egress.judge(http::destination_of(where));
    };
    around.most_connections = shared_->connections_per_worker;
    own.intercept = std::make_unique<intercept::intercept_path>(own.worker, settings, std::move(around));
}

void sidecar::open_intercepted(direction which, std::uint16_t port) {
    for (const auto& address : addresses_of(which, port)) {
        open_intercepted_at(address, which);
        listening_.push_back(name_of_listener(which) + " " + net::text_of(address));
    }
    // Under every address of this machine: whoever goes there is brought to the listener, wherever that listens.
    for (const auto* any : {"0.0.0.0", "::"}) guard_own(shared_->egress, net::resolve_now({any, port}).front());
}

void sidecar::open_intercepted_at(const net::tcp_endpoint& where, direction which) {
    const auto setting = name_of_listener(which);
    const bool shared = lanes_.size() > 1;
    // Without SO_REUSEPORT a port that another process holds is refused, so it is tried that way first.
    if (shared) net::listening_socket::expect_free_family(where, setting);
    for (auto& each : lanes_) {
        auto* path = each->intercept.get();
        auto& acceptors = which == direction::inbound ? each->inbound_acceptors : each->acceptors;
        acceptors.push_back(std::make_unique<net::acceptor>(
            each->worker.get_executor(), net::listening_socket::open_family(where, setting, shared),
            [path, which](net::stream client, const net::tcp_endpoint& peer) {
                path->accept(std::move(client), peer, which);
            }));
    }
}

}  // namespace outrider::app
