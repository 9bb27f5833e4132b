#pragma once

#include <vector>

#include "sidecar/config/schema.hpp"

// Parts of the table of settings that speak of discovery.

namespace outrider::config {

/// TLS towards a peer.
std::vector<setting> tls_keys();
/// `discover` of an upstream.
setting discover_setting();
/// `registries`.
setting registries_setting();
/// `advertise`.
setting advertise_setting();

}  // namespace outrider::config
