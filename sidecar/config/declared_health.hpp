#pragma once

#include <vector>

#include "sidecar/config/schema.hpp"

namespace outrider::config {

/// The keys of `health.app`, of an upstream's `health`, and of a Kafka cluster's, all over a health_check.
std::vector<setting> application_health_keys();
std::vector<setting> upstream_health_keys();
std::vector<setting> broker_health_keys();

}  // namespace outrider::config
