#pragma once

#include <memory>
#include <string>

#include "sidecar/discovery/registration.hpp"
#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

/// Consul through the agent beside the sidecar.
struct consul_options {
    std::string address = "http://127.0.0.1:8500";  ///< URL of the agent
    std::string token;                              ///< of its ACLs; empty: none
    std::string datacenter;                         ///< where services are looked for; empty: the agent's
    config::tls_client tls;
    instance self;                              ///< made known from the first publish() on
    std::chrono::milliseconds ttl{5'000};       ///< of the check: without news for so long, the instance is critical
    std::chrono::seconds deregister_after{60};  ///< critical for so long: Consul forgets it; 60 at least
    std::chrono::milliseconds timeout{2'000};   ///< of a request that does not wait
    std::chrono::seconds wait{30};              ///< of a blocking query
};

/// @throws std::runtime_error naming what cannot be used
std::unique_ptr<registry> make_consul(consul_options options);

}  // namespace outrider::discovery
