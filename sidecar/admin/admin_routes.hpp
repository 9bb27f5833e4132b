#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/net/http_server_guard.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::admin {

/// Whether traffic may be sent here, and if not, why.
struct readiness {
    bool ready = false;
    std::vector<std::string> reasons;
};

/// Where the answers come from. Called on the server's thread, one at a time; an empty function means 404.
struct admin_sources {
    /// Asks every worker, with a deadline well under the second that kubelet waits: while it runs nothing else is
    /// answered.
    std::function<admin::readiness()> readiness;
    std::function<bool()> started;         ///< start-up has come to its end; empty: as soon as this server answers
    std::function<std::string()> metrics;  ///< Prometheus text
    std::function<std::string()> state;    ///< JSON
    std::function<std::string()> config;   ///< JSON
    /// False when there is no such level. The only call that changes something.
    std::function<bool(std::string_view)> set_log_level;
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
        std::string_view allow;  ///< the Allow field
        enum class guard { open, scrape, api } guarded;
        net::server_response (admin_routes::*answer)(const net::server_request&);
        std::string_view summary;
    };
    static const std::vector<route>& routes();
    const route* find(std::string_view path) const;
    bool offers(const route& one) const;
    std::optional<net::server_response> refuse(const route& to, const net::server_request& request) const;
    bool has_token(const net::server_request& request) const;

    net::server_response index(const net::server_request&);
    net::server_response livez(const net::server_request&);
    net::server_response readyz(const net::server_request&);
    net::server_response startupz(const net::server_request&);
    net::server_response metrics(const net::server_request&);
    net::server_response state(const net::server_request&);
    net::server_response config(const net::server_request&);
    net::server_response log_level(const net::server_request& request);

    admin_sources sources_;
    access_rules rules_;
    net::host_guard hosts_;
    clock now_;
    readiness verdict_;
    std::chrono::steady_clock::time_point verdict_until_{};
};

}  // namespace outrider::admin
