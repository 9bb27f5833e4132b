#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/exchange/failure.hpp"
#include "sidecar/http/framing.hpp"
#include "sidecar/http/upstream.hpp"

namespace outrider::http {

struct shared_setup;
struct listener_role;
enum class listener_kind : std::uint8_t;

/// Where a request goes, or why it goes nowhere.
struct route {
    std::shared_ptr<http::upstream> upstream;
    exchange::failure failure;
    std::string detail;
};

/// One worker's table of targets: named upstreams, and a bounded number of hosts that applications named themselves.
class router {
  public:
    static constexpr std::size_t most_dynamic = 256;

    explicit router(const shared_setup& shared);

    /// The target of an outbound request: its authority by absolute-form or Host. Names are compared without case; a
    /// named upstream may be addressed with or without a port.
    route find(const request_facts& facts, const listener_role& role, net::steady_clock::time_point now);
    /// The target of a request on an intercepted connection: the named upstream that Host names, else where the client
    /// was going. No name that a client chose is looked up in DNS: it decided by its address where it goes.
    route find_intercepted(const request_facts& facts, const std::shared_ptr<upstream>& destination) const;
    /// That destination, with its pool of connections.
    std::shared_ptr<upstream> intercepted(const net::tcp_endpoint& where, listener_kind kind,
                                          net::steady_clock::time_point now);
    /// The target of a CONNECT.
    route find_tunnel(const request_facts& facts, net::steady_clock::time_point now);

    std::shared_ptr<upstream> named(const std::string& name) const;
    /// A named upstream has other members now.
    void take_over(const std::string& name, const upstream_members& members);
    const std::map<std::string, std::shared_ptr<upstream>, std::less<>>& all_named() const { return named_; }
    /// Closes idle connections that are too old, forgets hosts that nobody asks for any more.
    void close_idle(net::steady_clock::time_point now);

  private:
    std::shared_ptr<upstream> named(const authority& host) const;
    route dynamic(const authority& host, bool https, net::steady_clock::time_point now);
    bool names_listener(const authority& host, const listener_role& role) const;
    using targets = std::map<std::string, std::shared_ptr<upstream>, std::less<>>;
    static void forget_oldest(targets& from);

    const shared_setup& shared_;
    targets named_;
    targets dynamic_;
    targets intercepted_;
};

}  // namespace outrider::http
