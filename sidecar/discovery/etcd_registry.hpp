#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sidecar/discovery/registration.hpp"
#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

/// etcd v3 through its JSON gateway, which every etcd from 3.4 on has under /v3.
struct etcd_options {
    std::vector<std::string> endpoints;  ///< URLs of its members, tried in turn
    std::string prefix = "/outrider";    ///< keys are PREFIX/SERVICE/INSTANCE
    std::string user;                    ///< empty: no authentication
    std::string password;
    config::tls_client tls;
    instance self;                         ///< made known from the first publish() on
    std::chrono::milliseconds ttl{5'000};  ///< how long the instance outlives its sidecar; whole seconds, 1 at least
    std::chrono::milliseconds timeout{2'000};   ///< of a request to one member
    std::chrono::milliseconds silence{30'000};  ///< of a watch, after which the list is asked for anew
};

/// @throws std::runtime_error naming what cannot be used
std::unique_ptr<registry> make_etcd(etcd_options options);

}  // namespace outrider::discovery
