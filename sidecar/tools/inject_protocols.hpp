#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/tools/inject_manifest.hpp"

namespace outrider::tools {

/// What the manifests say that a workload's port speaks: the appProtocol of a Service that sends there, else the first
/// word of the port's own name ("http", "http-web", "grpc-orders"), as Istio and others read them. As `intercept.ports`
/// takes it: "http" is HTTP/1; what a caller of HTTP/2 or Kafka sends passes as "tcp". Empty: they do not say.
std::string protocol_of_port(const workload& of, std::uint16_t port, const std::vector<manifest>& services);

}  // namespace outrider::tools
