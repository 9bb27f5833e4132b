#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/net/http_server_guard.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::admin {

/// Whether traffic may be sent here, and what speaks against it: also of one that is ready all the same.
struct readiness {
    bool ready = false;
    std::vector<std::string> reasons;
};

/// What a POST to /api/policies says.
struct breaker_order {
    std::string policy;   ///< name
    std::string breaker;  ///< the upstream it guards, as /api/policies names it; empty: all of the policy's
    std::string state;    ///< "open", "closed", "metrics", "auto"
};

/// What came of reading everything again.
struct reload_report {
    bool applied = false;
    std::string body;  ///< JSON
};

/// Where the answers come from. Called on the server's thread, one at a time; an empty function means 404.
struct admin_sources {
    /// Asks every worker, with a deadline well under the second that kubelet waits: while it runs nothing else is
    /// answered.
    std::function<admin::readiness()> readiness;
    std::function<bool()> started;          ///< start-up has come to its end; empty: as soon as this server answers
    std::function<std::string()> metrics;   ///< Prometheus text
    std::function<std::string()> state;     ///< JSON
    std::function<std::string()> health;    ///< JSON: the verdict with its reasons, and every target
    std::function<std::string()> config;    ///< JSON
    std::function<std::string()> policies;  ///< JSON: the rules with their live state
    /// False when there is no such level.
    std::function<bool(std::string_view)> set_log_level;
    /// Holds a breaker in a state, or lets go of it ("auto"). @return what is wrong; empty: done
    std::function<std::string(const breaker_order&)> force_breaker;
    std::function<reload_report()> reload;  ///< configuration and policies are read again
};

/// What a listener shows: everything, or health and metrics only.
enum class admin_surface { full, probes };

struct access_rules {
    admin_surface surface = admin_surface::full;
    std::string token;               ///< empty: none is asked for
    std::string listen_host;         ///< see net::host_guard
    std::vector<std::string> hosts;  ///< further allowed Host values
};

/// Who may ask what, and what is answered; without a socket.
///
///     path -> known? 404 -> token? 401 -> Host? 403 -> method? 405 -> Content-Type? 415 -> source
///
/// Health is answered to everyone (kubelet has neither our token nor our name). With a token, everything else asks for
/// it. /api and changes ask for an allowed Host, /metrics only where no token guards it. No CORS field is ever sent.
class admin_routes {
  public:
    using clock = std::function<std::chrono::steady_clock::time_point()>;
    admin_routes(admin_sources sources, access_rules rules, clock now = std::chrono::steady_clock::now);

    net::server_response handle(const net::server_request& request);

  private:
    struct route {
        std::string_view path;
        bool change;  ///< POST; else GET and HEAD
        enum class guard { open, scrape, api } guarded;
        net::server_response (admin_routes::*answer)(const net::server_request&);
        std::string_view summary;
    };
    static const std::vector<route>& routes();
    const route* find(std::string_view path, std::string_view method) const;
    std::string allowed(std::string_view path) const;
    bool offers(const route& one) const;
    std::optional<net::server_response> refuse(const route& to, const net::server_request& request) const;
    bool has_token(const net::server_request& request) const;

    net::server_response index(const net::server_request&);
    net::server_response livez(const net::server_request&);
    net::server_response readyz(const net::server_request&);
    net::server_response startupz(const net::server_request&);
    net::server_response metrics(const net::server_request&);
    net::server_response state(const net::server_request&);
    net::server_response health(const net::server_request&);
    net::server_response config(const net::server_request&);
    net::server_response policies(const net::server_request&);
    net::server_response force(const net::server_request& request);
    net::server_response reload(const net::server_request& request);
    net::server_response log_level(const net::server_request& request);

    admin_sources sources_;
    access_rules rules_;
    net::host_guard hosts_;
    clock now_;
    readiness verdict_;
    std::chrono::steady_clock::time_point verdict_until_{};
};

}  // namespace outrider::admin
