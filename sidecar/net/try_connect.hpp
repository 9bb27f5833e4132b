#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "sidecar/config/settings.hpp"
#include "sidecar/net/address.hpp"

namespace outrider::net {

/// A connected socket, in blocking mode: the caller's to close.
using connected_socket = boost::system::result<int, std::string>;

/// Connects as one of our own connections, blocking: for clients off the workers that bring their own protocol. Names
/// are looked up by getaddrinfo, which takes as long as it takes; the addresses together get this much time. Where none
/// of them answers: why the last did not.
connected_socket connect_now(const config::endpoint& where, std::chrono::milliseconds patience);

/// Connects and closes, blocking; each address of `where` gets this much time. @return empty, or why not
std::string try_connect(const config::endpoint& where, std::chrono::milliseconds patience);

/// Whether nobody listens at any of them. One that does not answer in time may only be busy: it does not refuse.
bool refuses(const std::vector<tcp_endpoint>& addresses, std::chrono::milliseconds patience);

}  // namespace outrider::net
