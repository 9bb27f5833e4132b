#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sidecar/config/settings.hpp"
#include "sidecar/net/address.hpp"

namespace outrider::net {

/// Connects and closes, blocking; each address of `where` gets this much time. @return empty, or why not
std::string try_connect(const config::endpoint& where, std::chrono::milliseconds patience);

/// Whether nobody listens at any of them. One that does not answer in time may only be busy: it does not refuse.
bool refuses(const std::vector<tcp_endpoint>& addresses, std::chrono::milliseconds patience);

}  // namespace outrider::net
