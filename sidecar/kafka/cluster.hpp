#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "sidecar/config/settings.hpp"
#include "sidecar/exchange/applications.hpp"
#include "sidecar/exchange/tracer.hpp"
#include "sidecar/kafka/cluster_map.hpp"
#include "sidecar/kafka/node_address.hpp"
#include "sidecar/net/address.hpp"
#include "sidecar/net/tls_context.hpp"

namespace outrider::kafka {

/// What all workers share of one cluster: fixed while running, or safe by itself.
class cluster {
  public:
    /// Reads the map that a former process left in `state_folder`.
    cluster(std::string name, const config::kafka_cluster& settings, const exchange::tracing_setup& tracing,
            const std::string& state_folder);

    /// Where clients connect, once it is bound.
    void listening_on(const net::tcp_endpoint& bound);
    /// The listener's own port: who comes to it by `advertise` means no broker in particular.
    std::uint16_t listener_port() const { return listener_port_; }
    /// The group that a client id was seen in, by any worker; empty when it was in none. Fetches do not name it.
    std::string group_of(std::string_view client_id) const;
    void learn_group(std::string_view client_id, std::string_view group);
    /// Whether one listener serves every broker, each at a loopback address of its own.
    bool by_loopback() const { return settings.advertise.empty(); }

    /// Whether consumption pauses, because an application is known to be sick.
    bool pauses() const { return applications && applications->any_sick(); }
    /// Says so in the log when that has changed. Any thread.
    void note_applications();

    /// Takes over what an answer told. Any worker.
    void learn(const learned& facts);
    /// Writes the map when it changed since the last time; blocks, one thread.
    void save_if_changed();

    const std::string name;
    const config::kafka_cluster settings;
    const exchange::tracing_setup& tracing;
    const std::shared_ptr<net::tls_context> tls;  ///< null: plaintext
    const bool injects;                           ///< some topic may get headers, or records are read for chains
    /// Whose sickness pauses consumption; null: nobody's. Set before workers run.
    const exchange::applications* applications = nullptr;
    address_plan plan = address_plan::loopback(0);
    cluster_map map;
    /// Called, on the worker that learned, when nodes may have come or moved: where ports stand for brokers, new ones
    /// have to be listened on before clients hear of them.
    std::function<void()> on_nodes_learned;

  private:
    static constexpr std::size_t most_clients = 10'000;

    std::string file_;
    std::uint16_t listener_port_ = 0;
    mutable std::shared_mutex groups_mutex_;
    std::map<std::string, std::string, std::less<>> groups_;
    std::atomic<bool> changed_{false};
    std::atomic<bool> pause_noted_{false};
};

}  // namespace outrider::kafka
