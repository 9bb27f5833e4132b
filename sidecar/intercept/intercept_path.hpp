#pragma once

#include <bitset>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "governance/egress.hpp"
#include "sidecar/config/settings.hpp"
#include "sidecar/exchange/facts.hpp"
#include "sidecar/intercept/metrics.hpp"
#include "sidecar/net/address.hpp"
#include "sidecar/net/block_pool.hpp"
#include "sidecar/net/stream.hpp"
#include "sidecar/net/worker.hpp"

namespace outrider::intercept {

class connection;

/// Kafka, as far as it is known here: a broker of some cluster.
struct broker {
    std::size_t cluster = 0;
    std::string host;  ///< as the cluster calls it; empty: by its address
};

/// Who takes over what was recognised, and who knows what the sidecar is made of. Called on the worker.
struct surroundings {
    std::function<void(net::stream, const net::tcp_endpoint& peer, const net::tcp_endpoint& to, exchange::direction)>
        http;
    std::function<void(net::stream, const net::tcp_endpoint& peer, const net::tcp_endpoint& to, const broker&)> kafka;
    /// The broker that is at this address.
    std::function<net::awaitable<std::optional<broker>>(net::tcp_endpoint)> find_broker;
    /// The cluster of this name.
    std::function<std::size_t(const std::string&)> cluster_named;
    /// Whether connections may go there.
    std::function<governance::egress_refusal(const net::tcp_endpoint&)> judge;
    std::size_t most_connections = 10'000;
};

/// One worker's part of transparent interception: connections that rules of the kernel brought here, each with the
/// address it was going to.
///
///     accepted --> original destination --> may it? --> which protocol? --> HTTP's, or Kafka's data path, or a tunnel
///                                                       by its port, else by its first bytes
class intercept_path {
  public:
    intercept_path(net::worker& worker, const config::settings& settings, surroundings around);
    ~intercept_path();

    void accept(net::stream client, const net::tcp_endpoint& peer, exchange::direction direction);
    /// Ends every connection that is still here now.
    void abort();

    /// What connections to this port are; null where nothing is declared.
    const config::intercepted_protocol* declared(std::uint16_t port) const;
    /// Whether callers may be led to this port of the application.
    bool is_of_application(std::uint16_t port) const { return ports_in_[port]; }
    /// Where the application listens for what was going to `original`.
    net::tcp_endpoint application_at(const net::tcp_endpoint& original) const;
    /// Whether what listens on this port runs as our user although that is what tells its connections from ours.
    bool shares_our_user(std::uint16_t port);
    /// Whether nobody who called this port has been silent before.
    bool is_first_silence(std::uint16_t port) { return !silent_[port] && (silent_[port] = true); }

    net::worker& worker;
    const config::settings& settings;
    const surroundings around;
    net::block_pool blocks;
    intercept::metrics metrics;
    /// Connections that are still here: tunnels, and those whose protocol is not known yet.
    exchange::counter open;

  private:
    friend class connection;
    struct judged_port {
        bool shared = false;
        net::steady_clock::time_point at{};
    };

    std::map<std::uint16_t, config::intercepted_protocol> declared_;
    std::bitset<65'536> ports_in_, loopback_, silent_;
    std::map<std::uint16_t, judged_port> users_;
    std::vector<connection*> connections_;
};

}  // namespace outrider::intercept
