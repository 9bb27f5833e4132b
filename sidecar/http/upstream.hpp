#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <boost/smart_ptr/local_shared_ptr.hpp>
#include <boost/smart_ptr/make_local_shared.hpp>

#include "governance/balancer.hpp"
#include "sidecar/config/settings.hpp"
#include "sidecar/exchange/facts.hpp"
#include "sidecar/exchange/failure.hpp"
#include "sidecar/http/endpoint_table.hpp"
#include "sidecar/net/address.hpp"
#include "sidecar/net/stream.hpp"
#include "sidecar/net/timer_wheel.hpp"
#include "sidecar/net/tls_context.hpp"

namespace outrider::http {

struct endpoint_state;

/// A connection to an upstream; idle ones wait in its endpoint's pool.
struct upstream_connection {
    explicit upstream_connection(net::executor ex) : stream(ex) {}
    net::stream stream;
    endpoint_state* endpoint = nullptr;
    net::tcp_endpoint peer;
    std::string peer_address;  ///< numeric, for spans
    net::steady_clock::time_point idle_since{};
    std::uint32_t exchanges = 0;
};
using connection_handle = std::unique_ptr<upstream_connection>;

/// One member of an upstream with its idle connections, the one used last first.
struct endpoint_state {
    config::upstream_endpoint configured;
    std::string text;                    ///< as it stands in a Host header: without the scheme's default port
    std::size_t next_address = 0;        ///< a name may stand for several addresses: taken in turn
    std::deque<connection_handle> idle;  ///< oldest in front
    bool retired = false;                ///< no member any more: nothing is kept for it

    /// The idle connection that was used last and has been idle for less than `longest_idle`; null when there is none.
    connection_handle take_idle(net::steady_clock::time_point now, std::chrono::milliseconds longest_idle);
    /// Keeps `connection` for a later exchange, closing the oldest one when there are more than `most`.
    void give_back(connection_handle connection, net::steady_clock::time_point now, std::size_t most);
};

/// The members of an upstream on one worker, as of one list. Which ones there are never changes: whoever holds it may
/// go on with them and their numbers, whatever lists come later.
struct endpoint_group {
    std::vector<std::shared_ptr<endpoint_state>> members;
    /// Chooses among them; shared by all workers. Null: there is one, or they are taken in turn.
    std::shared_ptr<governance::balancer> balancer;
    std::string why_none;  ///< of a group without members
};
/// Held by one worker only, so that counting it needs no locked instruction.
using group_handle = boost::local_shared_ptr<const endpoint_group>;

/// One worker's view of a target: its endpoints with their pools.
class upstream {
  public:
    /// @param members  as all workers know them; null: those that `configured` lists, taken in turn
    upstream(std::string name, exchange::target_index target, const config::upstream& configured,
             std::shared_ptr<net::tls_context> tls, members_handle members = nullptr);

    const std::string& name() const { return name_; }
    exchange::target_index target() const { return target_; }
    /// As of now: an exchange holds the one that it began with.
    const group_handle& endpoints() const { return endpoints_; }
    const config::tls_client& tls_settings() const { return configured_.tls; }
    net::tls_context* tls() { return tls_.get(); }

    /// Takes another list over: endpoints that stay keep their pools, idle connections of the others are closed.
    /// Exchanges under way go on with what they hold.
    void take_over(const upstream_members& members);
    /// Lets `chooser` choose among the endpoints that there are.
    void choose_by(std::shared_ptr<governance::balancer> chooser);
    /// The next endpoint in turn, of a group that has any.
    endpoint_state& next_of(const endpoint_group& group);
    /// Closes the connections that have been idle too long.
    void close_idle(net::steady_clock::time_point now, std::chrono::milliseconds longest_idle);
    /// How many connections are idle.
    std::size_t idle() const;

    bool must_guard = false;    ///< its addresses pass the egress rules before a connection is made
    bool rewrite_host = false;  ///< the Host header becomes the endpoint's
    net::steady_clock::time_point last_used{};

  private:
    std::shared_ptr<endpoint_state> new_state(const config::upstream_endpoint& member) const;

    std::string name_;
    exchange::target_index target_;
    config::upstream configured_;
    std::shared_ptr<net::tls_context> tls_;
    group_handle endpoints_;
    std::size_t next_ = 0;
};

}  // namespace outrider::http
