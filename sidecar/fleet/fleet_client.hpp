#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "governance/fleet_limiter.hpp"
#include "sidecar/fleet/fleet_stats.hpp"
#include "sidecar/fleet/redis_connection.hpp"

namespace outrider::net {
class job_thread;
}

namespace outrider::fleet {

/// Keeps the limits of a fleet in Redis, on a thread of its own: takes from them what has to be asked, asks it in
/// batches, one atomic script each, and brings the answers back. Nothing here is ever waited for by a worker.
///
///     connecting --(answers)--> asking --(error, or no answer in time)--> connecting, after a backoff with jitter
///     limits go by: local share     leases                                    local share
class fleet_client {
  public:
    using milliseconds = std::chrono::milliseconds;
    struct settings {
        redis_address redis;
        double replicas = 1;       ///< sidecars of the fleet, this one included
        milliseconds connect{50};  ///< a connection, name resolution aside
        milliseconds command{50};  ///< an answer
        milliseconds first_backoff{50};
        milliseconds longest_backoff{2'000};
        milliseconds idle{1'000};  ///< without a request: is it still there?
        std::size_t batch = 64;    ///< keys asked for at once: bounds how long one script holds Redis up
    };
    explicit fleet_client(settings how);
    ~fleet_client();  ///< stop()
    fleet_client(const fleet_client&) = delete;
    fleet_client& operator=(const fleet_client&) = delete;

    /// A limit that is kept in Redis from now on, for as long as anyone holds it. Any thread, before or after start().
    /// @param policy, index  the policy's name, and the limit's place in it
    std::shared_ptr<governance::fleet_limiter> limiter_for(std::string_view policy, std::size_t index,
                                                           const governance::limit_rule& rule,
                                                           governance::time_point now);
    void start();
    /// Ends the thread, or leaves it behind when it hangs in name resolution. What lies in leases is lost to the fleet:
    /// less than 100 ms of this sidecar's demand.
    void stop(milliseconds patience = milliseconds(500));
    /// Replicas came or went.
    void set_replicas(double count);
    fleet_stats stats() const;

  private:
    struct parts;
    std::shared_ptr<parts> parts_;
    std::unique_ptr<net::job_thread> thread_;
};

}  // namespace outrider::fleet
