#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "sidecar/admin/admin_routes.hpp"
#include "sidecar/config/settings.hpp"
#include "sidecar/net/http_server.hpp"

namespace outrider::admin {

/// Where an admin or probes listener is and whom it answers.
struct admin_options {
    config::endpoint listen;
    admin_surface surface = admin_surface::full;
    std::string token;               ///< required for the full surface when `listen` is not loopback
    std::vector<std::string> hosts;  ///< admin_hosts
};

/// The full surface would be open to the network without a token.
class unguarded_admin : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// One listener of control and health on its own thread: `admin` with everything, or `probes`, read-only.
///
///     admin_server admin{{.listen = *settings.admin, .token = settings.admin_token}, sources};
///     admin_server probes{{.listen = *settings.probes, .surface = admin_surface::probes}, sources};
///
/// It should be stopped last, so that /readyz tells load balancers of the drain.
class admin_server {
  public:
    /// @throws net::listen_error, unguarded_admin
    admin_server(const admin_options& options, admin_sources sources);

    std::uint16_t port() const { return server_.port(); }
    std::string address() const { return server_.address(); }
    void stop(std::chrono::milliseconds grace) { server_.stop(grace); }

  private:
    admin_routes routes_;
    net::http_server server_;
};

}  // namespace outrider::admin
