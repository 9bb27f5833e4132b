#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>

#include "sidecar/config/settings.hpp"
#include "sidecar/net/asio.hpp"

namespace outrider::net {

using tcp_endpoint = asio::ip::tcp::endpoint;

/// The numeric form "host:port", IPv6 in brackets.
std::string text_of(const tcp_endpoint& where);

/// The address in an IP literal, without brackets; none when it is a name.
std::optional<asio::ip::address> literal_address(const std::string& host);

/// The same port of 127.0.0.1 or, for IPv6, of ::1.
tcp_endpoint loopback_like(const tcp_endpoint& where);

/// What the kernel filled in; empty for what is neither IPv4 nor IPv6.
tcp_endpoint endpoint_in(const sockaddr_storage& raw, socklen_t size);

/// The address that a socket is bound to; empty for what is no socket.
tcp_endpoint local_end(int descriptor);

/// Addresses of a configured place, looked up while starting (blocking). Throws std::runtime_error with a reason.
std::vector<tcp_endpoint> resolve_now(const config::endpoint& where);

}  // namespace outrider::net
