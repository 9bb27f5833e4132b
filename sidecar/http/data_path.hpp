#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "governance/egress.hpp"
#include "sidecar/config/settings.hpp"
#include "sidecar/exchange/access_log.hpp"
#include "sidecar/exchange/applications.hpp"
#include "sidecar/exchange/deadline_table.hpp"
#include "sidecar/exchange/governor.hpp"
#include "sidecar/exchange/metrics.hpp"
#include "sidecar/exchange/tracer.hpp"
#include "sidecar/http/endpoint_table.hpp"
#include "sidecar/http/head_parser.hpp"
#include "sidecar/http/last_good.hpp"
#include "sidecar/http/router.hpp"
#include "sidecar/net/block_pool.hpp"
#include "sidecar/net/resolver.hpp"
#include "sidecar/net/worker.hpp"

namespace outrider::http {

class server_connection;
class server_exchange;

/// The kinds of listener.
enum class listener_kind : std::uint8_t { inbound, outbound, upstream };

/// What a listener's connections have in common.
struct listener_role {
    listener_kind kind = listener_kind::inbound;
    std::string name;  ///< "inbound", "outbound", "upstream:stock"
    net::tcp_endpoint bound;
    config::trust trust = config::trust::continue_;
    bool trust_forwarded = false;
    bool intercepted = false;         ///< each connection was going to an address of its own
    std::shared_ptr<upstream> fixed;  ///< where everything goes: the application, or the one upstream; null: by Host
    exchange::application_health* application = nullptr;  ///< the one behind an inbound listener; null: not known
    exchange::direction direction() const {
        return kind == listener_kind::inbound ? exchange::direction::inbound : exchange::direction::outbound;
    }
};

/// What all workers share: immutable while running, or safe by itself.
struct shared_setup {
    explicit shared_setup(const config::settings& from);

    config::settings settings;
    head_limits heads;
    exchange::tracing_setup tracing;
    governance::egress_policy egress;
    std::string via_in;   ///< our Via member on the way to the application
    std::string via_out;  ///< our Via member on the way out
    std::string via_in_token;
    std::string via_out_token;
    std::vector<std::string> targets;           ///< names by target_index
    exchange::target_index dynamic_target = 0;  ///< hosts found by DNS
    exchange::target_index local_target = 0;    ///< answered or refused before a target was known
    /// The members of upstreams. What is known of them outlives a reload of policies.
    endpoint_table endpoints;
    /// What fallbacks with `stale` give again.
    std::unique_ptr<http::last_good> last_good = std::make_unique<http::last_good>();
    /// Of the inbound exchanges under way on all workers.
    std::unique_ptr<exchange::deadline_table> deadlines = std::make_unique<exchange::deadline_table>();
    /// The applications beside this sidecar, by where they listen.
    std::unique_ptr<exchange::applications> applications = std::make_unique<exchange::applications>();
    std::vector<config::endpoint> outbound_names;  ///< what an application may call the outbound listener
    std::size_t connections_per_worker = 10'000;

    /// TLS with the system's CAs, for hosts that are found by DNS. Made when first asked for: reading the CAs takes
    /// megabytes.
    std::shared_ptr<net::tls_context> dynamic_tls() const;

  private:
    mutable std::once_flag dynamic_tls_once_;
    mutable std::shared_ptr<net::tls_context> dynamic_tls_;
};

/// One worker's HTTP data path: everything an exchange on that worker needs, owned by its thread.
class data_path {
  public:
    data_path(net::worker& worker, std::shared_ptr<const shared_setup> shared, tracing::span_buffer* spans,
              tracing::span_buffer* log);
    ~data_path();

    /// One more application that inbound listeners of this worker lead to.
    std::shared_ptr<upstream> add_application(const config::endpoint& where);

    /// Serves a connection that a listener of `role` accepted. `role` outlives it.
    /// @param to  where the client was going, of an intercepted connection
    void accept(net::stream client, const net::tcp_endpoint& peer, const listener_role& role,
                std::shared_ptr<upstream> to = nullptr);

    /// Each exchange is its connection's last, and who sends no further request is idle and closed in a moment: for
    /// callers of the application first, whose own calls may go on.
    void drain_inbound();
    void drain();
    /// Ends every connection now.
    void abort();
    bool draining(const listener_role& role) const {
        return draining_ || (inbound_draining_ && role.direction() == exchange::direction::inbound);
    }
    std::size_t connections() const { return connections_.size(); }

    /// Every 100 ms: spans and log lines to their threads, idle upstream connections closed, buffers of sleeping
    /// connections given back.
    void housekeeping();

    /// For Date, renewed once a second (RFC 9110 6.6.1).
    std::string_view date();

    std::unique_ptr<server_exchange> take_exchange();
    void give_back(std::unique_ptr<server_exchange> spare);

    /// Called for every upstream connection that was made, when set: where tests put faults below it.
    std::function<void(net::stream&)> on_upstream_connected;

    net::worker& worker;
    const shared_setup& shared;
    const config::settings& settings;
    net::block_pool blocks;
    exchange::worker_metrics metrics;
    exchange::tracer tracer;
    exchange::access_log log;
    exchange::open_exchanges::counter& open_inbound;  ///< this worker's exchanges towards the application
    exchange::governor governor;
    tracing::id_generator random;  ///< of numbers that need not be secret
    net::resolver resolver;
    http::router router;
    /// Idle connections that may keep a large read buffer: those in use right now. The others read into a small one.
    static constexpr std::size_t most_warm = 256;
    std::size_t warm = 0;

  private:
    friend class server_connection;
    void trim_spare();

    std::shared_ptr<const shared_setup> owned_;
    std::vector<std::shared_ptr<upstream>> applications_;
    std::vector<server_connection*> connections_;
    std::vector<std::unique_ptr<server_exchange>> spare_;
    std::size_t fewest_spare_ = 0;  ///< since the last trim_spare()
    std::string date_;
    std::time_t date_second_ = 0;
    bool draining_ = false;
    bool inbound_draining_ = false;
    unsigned ticks_ = 0;
};

}  // namespace outrider::http
