#pragma once

#include "governance/egress.hpp"
#include "sidecar/net/address.hpp"

namespace outrider::app {

/// Keeps the application from calling one of the sidecar's own listeners; one on every address is guarded under each
/// address of this machine.
void guard_own(governance::egress_policy& egress, const net::tcp_endpoint& listener);

}  // namespace outrider::app
