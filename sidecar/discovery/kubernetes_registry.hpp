#pragma once

#include <memory>
#include <string>

#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

/// Kubernetes' API, read only: the verdict goes out by the readiness probe. What is empty is taken from the pod: the
/// server from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, the rest from the service account's files.
struct kubernetes_options {
    std::string server;         ///< URL of the API server
    std::string own_namespace;  ///< of services that are named without one
    std::string token_file;     ///< read again for each request: tokens are replaced hourly
    config::tls_client tls;
    std::string account = "/var/run/secrets/kubernetes.io/serviceaccount";  ///< folder with token, ca.crt and namespace
    std::chrono::milliseconds timeout{5'000};                               ///< of a list, and until a watch begins
    std::chrono::seconds watch{60};                                         ///< after which a watch is begun anew
};

/// @throws std::runtime_error naming what cannot be used or is missing
std::unique_ptr<registry> make_kubernetes(kubernetes_options options);

}  // namespace outrider::discovery
