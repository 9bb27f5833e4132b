#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sidecar/admin/admin_server.hpp"
#include "sidecar/app/card_sender.hpp"
#include "sidecar/app/log_writer.hpp"
#include "sidecar/app/policy_store.hpp"
#include "sidecar/app/shutdown.hpp"
#include "sidecar/config/load.hpp"
#include "sidecar/discovery/directory.hpp"
#include "sidecar/discovery/health_monitor.hpp"
#include "sidecar/export/span_exporter.hpp"
#include "sidecar/http/data_path.hpp"
#include "sidecar/intercept/intercept_path.hpp"
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

    /// Orderly end, in the order of `shutdown`; blocks. `hurry` is looked at meanwhile, and ends the patience.
    void stop(const std::atomic<bool>& hurry);
    /// The longest that stop() takes, when nobody hurries.
    std::chrono::milliseconds longest_stop() const { return shutdown_->longest(); }

    /// Certificates that changed on disk are taken up; called once a second by the main thread.
    void look_at_files();
    /// Policies whose files changed are taken up; called several times a second by the main thread.
    void look_at_policies() { policies_->look(); }
    /// SIGHUP: configuration and policies are read again.
    admin::reload_report reload() { return policies_->reload("SIGHUP"); }

    admin::readiness ready();
    /// Whether every worker answers in time; any thread.
    bool workers_answer();
    /// A line on how things are, for a service manager.
    std::string status() const;
    std::string metrics_page();
    std::string state_page();
    std::string health_page();

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
        std::unique_ptr<intercept::intercept_path> intercept;        ///< null: nothing is intercepted
        std::array<http::listener_role, 2> intercepted;              ///< by direction
        std::vector<std::unique_ptr<net::acceptor>> inbound_acceptors;
        std::vector<std::unique_ptr<net::acceptor>> acceptors;  ///< those that the application comes to
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
    void open_interception();
    void make_intercept_path(lane& own);
    void open_intercepted(exchange::direction direction, std::uint16_t port);
    void open_intercepted_at(const net::tcp_endpoint& where, exchange::direction direction);
    static void add_acceptor(lane& to, std::size_t index, net::listening_socket socket);
    void make_monitor();
    void open_admin();
    void publish(const std::shared_ptr<const governance::policy_set>& policies);
    void open_directory();
    void use_members(const std::string& upstream, const discovery::member_list& members, const std::string& why_none);
    static void tick(lane& on);
    void each_lane(const std::function<void(lane&)>& work, std::chrono::milliseconds deadline);
    stop_actions actions_of_stop();
    open_connections count_connections() const;
    nlohmann::json workers_json();
    nlohmann::json clusters_json() const;
    nlohmann::json stopping_json() const;
    encoded_card card(bool stopped);
    std::vector<std::pair<std::string_view, traffic_rate>> rates(governance::time_point now);
    void deliver_what_waits(std::chrono::milliseconds patience);
    std::vector<std::string> silent_workers();

    config::loaded configuration_;
    std::shared_ptr<http::shared_setup> shared_;
    std::vector<std::unique_ptr<kafka::cluster>> clusters_;
    std::vector<std::unique_ptr<lane>> lanes_;
    std::unique_ptr<fleet::fleet_client> fleet_;  ///< null: no fleet.redis
    std::unique_ptr<policy_store> policies_;
    std::unique_ptr<exporting::span_exporter> exporter_;
    std::unique_ptr<log_writer> log_writer_;
    std::unique_ptr<discovery::directory> directory_;
    std::unique_ptr<discovery::health_monitor> monitor_;
    const std::string secret_ = random_secret();
    const std::chrono::system_clock::time_point created_ = std::chrono::system_clock::now();
    std::map<std::string_view, rate_meter> meters_;  ///< of the sender's thread
    std::unique_ptr<card_sender> sender_;            ///< null: there is no collector to tell; asks all of the above
    std::mutex workers_mutex_;
    std::vector<std::string> silent_workers_;  ///< as of the last time that they were asked
    net::steady_clock::time_point workers_until_{};
    std::vector<std::unique_ptr<admin::admin_server>> admins_;
    std::vector<std::string> listening_;  ///< "inbound 127.0.0.1:8080", ... as printed
    std::mutex node_ports_mutex_;
    std::set<std::pair<std::size_t, std::int32_t>> node_ports_;  ///< listened on, by cluster
    std::unique_ptr<shutdown> shutdown_;
    std::atomic<bool> draining_{false};
    std::atomic<bool> started_{false};
};

}  // namespace outrider::app
