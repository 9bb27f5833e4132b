#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sidecar/discovery/health_board.hpp"
#include "sidecar/discovery/probe_slots.hpp"
#include "sidecar/exchange/application_health.hpp"

namespace outrider::discovery {

struct publication;

/// What the monitor watches, and whom it tells.
struct monitor_setup {
    /// An application; at port 0 it listens nowhere, and how it is probed says the rest.
    struct application {
        config::endpoint where;
        exchange::application_health* tell = nullptr;  ///< outlives the monitor; null: nobody listens
    };
    std::vector<application> applications;
    config::health_check application_check;
    /// By name; those without `health` are not watched.
    std::map<std::string, config::upstream> upstreams;
    std::map<std::string, config::kafka_cluster> clusters;
    /// For https endpoints and clusters with TLS; may be asked for others too.
    std::function<std::shared_ptr<net::tls_context>(target_kind, const std::string& name)> tls;
    /// What probes say of an endpoint, after each probe; on the monitor's thread.
    std::function<void(const std::string& upstream, const config::upstream_endpoint&, bool down,
                       const std::string& why)>
        hold_out;
};

/// Probes the applications, the endpoints of upstreams and the Kafka clusters, all on one thread of its own, and tells
/// of each change of the verdict at once.
///
///     target --(every, a tenth more or less)--> slot (64) --> probe (timeout) --> board --> verdict --> subscribers
///     traffic that failed, ten times a second ---------------------------------->
class health_monitor {
  public:
    /// Under way at once, those of applications included.
    static constexpr std::size_t most_probes = 64;

    explicit health_monitor(const monitor_setup& setup);
    ~health_monitor();

    /// Called on the monitor's thread with the verdict, first with the present one, and after each change. Must return
    /// at once. Before start().
    void subscribe(std::function<void(const governance::health_verdict&)> who);
    void start();
    /// Probes under way are broken off; nobody is told any more. Takes a second at most.
    void stop();
    /// The verdict is `draining` from now on.
    void drain();

    /// An upstream's endpoints are these from now on. Nothing for upstreams without `health`. Any thread.
    void use_endpoints(const std::string& upstream, std::vector<config::upstream_endpoint> endpoints);

    governance::health_verdict verdict() const { return board_.verdict(); }
    const health_board& board() const { return board_; }

  private:
    /// One target with the coroutine that probes it.
    struct watched {
        watched(net::executor ex, const health_target& target, health_board::target_id number)
            : what(target), id(number), wake(ex) {}
        health_target what;
        health_board::target_id id;
        exchange::application_health* tell = nullptr;
        std::uint32_t traffic_failures = 0;  ///< as they stood last
        net::steady_timer wake;
        probe_time* probing = nullptr;
        bool sooner = false;  ///< the pause begins anew: it is away
        bool gone = false;
    };
    using watched_handle = std::shared_ptr<watched>;

    watched_handle add(const health_target& what);
    void begin(const watched_handle& one);
    void end(watched& one);
    void replace_endpoints(const std::string& upstream, const std::vector<config::upstream_endpoint>& endpoints);
    net::awaitable<void> watch(watched_handle one);
    net::awaitable<void> pause(watched_handle one, governance::time_point until);
    net::awaitable<void> probe_once(watched_handle one);
    net::awaitable<void> watch_traffic();
    void take(watched& one, const health_board::news& news);
    std::chrono::milliseconds first_pause(const watched& one);
    std::chrono::milliseconds pause_after(const watched& one);
    void log_verdict() const;
    void announce();

    monitor_setup setup_;
    net::worker worker_;
    health_board board_;
    net::resolver resolver_;
    std::shared_ptr<probe_slots> application_slots_;  ///< one for each: they wait for nobody
    std::shared_ptr<probe_slots> slots_;
    net::steady_timer traffic_timer_;
    std::minstd_rand random_;
    std::list<watched_handle> targets_;
    std::vector<std::function<void(const governance::health_verdict&)>> subscribers_;
    bool probing_ = false, stopping_ = false;  ///< on the monitor's thread
    bool running_ = false;                     ///< of whoever starts and stops
};

/// What registries are told of a verdict.
publication publication_of(const governance::health_verdict& verdict);

}  // namespace outrider::discovery
