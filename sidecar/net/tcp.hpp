#pragma once

#include "sidecar/net/address.hpp"
#include "sidecar/net/socket.hpp"

namespace outrider::net {

/// What every TCP socket of the data path is set to; a listening socket hands it on to what it accepts. Small writes go
/// out at once. On loopback, a congestion control that paces (BBR) is replaced: it would arm a timer for a network that
/// is not there.
void set_tcp_options(int descriptor, const tcp_endpoint& where);

/// Connects; the socket is opened for it. Ends with `operation_aborted` when the socket is cancelled.
awaitable<error_code> connect(socket& socket, const tcp_endpoint& to);

}  // namespace outrider::net
