#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "sidecar/admin/admin_server.hpp"
#include "sidecar/app/app_probe.hpp"
#include "sidecar/app/log_writer.hpp"
#include "sidecar/app/policy_store.hpp"
#include "sidecar/config/load.hpp"
#include "sidecar/export/span_exporter.hpp"
#include "sidecar/http/data_path.hpp"
#include "sidecar/kafka/cluster.hpp"
#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/net/listener.hpp"
#include "sidecar/net/worker.hpp"
#include "tracing/span_buffer.hpp"

namespace outrider::app {

/// The whole sidecar, wired in the order in which an exchange meets its parts:
///
///     listeners -> workers' data paths -> span buffers -> exporter
///                                      -> log buffers  -> log writer
///     admin, probes: ask all of them
class sidecar {
  public:
    /// Binds every listener and builds every part; nothing is served yet. Throws std::runtime_error with a reason for
    /// people.
    /// @param start  without errors
    /// @param input  what it was read from, for a reload
    sidecar(reading start, config::load_input input);
    ~sidecar();

    void start();

    /// Orderly end: readiness fails, idle connections close, exchanges under way finish until `settings.drain` has
    /// passed, spans are delivered or spooled. `hurry` is looked at meanwhile: a second signal ends the patience.
    void stop(const std::atomic<bool>& hurry);

    /// Certificates that changed on disk are taken up; called once a second by the main thread.
    void look_at_files();
    /// Policies whose files changed are taken up; called several times a second by the main thread.
    void look_at_policies() { policies_->look(); }
    /// SIGHUP: configuration and policies are read again.
    void reload() { policies_->reload("SIGHUP"); }

    admin::readiness ready();
    std::string metrics_page();
    std::string state_page();

  private:
    /// One worker with what it owns, in the order of construction.
    struct lane {
        lane(unsigned index, const std::shared_ptr<const http::shared_setup>& shared, bool access_log);
        net::worker worker;
        tracing::span_buffer spans;
        std::unique_ptr<tracing::span_buffer> log;
        std::unique_ptr<http::data_path> path;
        std::vector<std::unique_ptr<http::listener_role>> roles;
        std::vector<std::unique_ptr<kafka::cluster_path>> clusters;  ///< as clusters_
        std::vector<std::unique_ptr<net::acceptor>> acceptors;
        net::steady_timer tick;
    };

    void make_lanes();
    void open_listeners();
    void open_listener(const config::endpoint& where, const http::listener_role& role, const std::string& setting,
                       const config::endpoint* application = nullptr);
    void open_clusters();
    void open_cluster(kafka::cluster& cluster, std::size_t index);
    void applications_changed();
    std::vector<net::listening_socket> cluster_sockets(const kafka::cluster& cluster, net::tcp_endpoint& address);
    void listen_for_nodes(kafka::cluster& cluster, std::size_t index, const net::tcp_endpoint& bound);
    static void add_acceptor(lane& to, std::size_t index, net::listening_socket socket);
    void open_admin();
    void publish(const std::shared_ptr<const governance::policy_set>& policies);
    static void tick(lane& on);
    void each_lane(const std::function<void(lane&)>& work, std::chrono::milliseconds deadline);
    std::size_t open_connections();

    config::loaded configuration_;
    std::shared_ptr<http::shared_setup> shared_;
    std::vector<std::unique_ptr<kafka::cluster>> clusters_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::unique_ptr<fleet::fleet_client> fleet_;  ///< null: no fleet.redis
    std::unique_ptr<policy_store> policies_;
    std::unique_ptr<exporting::span_exporter> exporter_;
    std::unique_ptr<log_writer> log_writer_;
    std::unique_ptr<app_probe> probe_;
    std::vector<std::unique_ptr<admin::admin_server>> admins_;
    std::vector<std::string> listening_;  ///< "inbound 127.0.0.1:8080", ... as printed
    std::mutex node_ports_mutex_;
    std::set<std::pair<std::size_t, std::int32_t>> node_ports_;  ///< listened on, by cluster
    std::atomic<bool> draining_{false};
    std::atomic<bool> started_{false};
};

}  // namespace outrider::app
