#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sidecar/exchange/metrics.hpp"

namespace outrider::intercept {

/// Who takes an intercepted connection over.
enum class protocol : std::uint8_t { http, kafka, tcp };
inline constexpr std::array<std::string_view, 3> protocol_names{"http", "kafka", "tcp"};

/// Why an intercepted connection is closed at once.
enum class refusal : std::uint8_t {
    not_redirected,  ///< it came to the listener itself, past the kernel's rules
    own_listener,    ///< it was going to a listener of this sidecar: a loop
    no_destination,  ///< to an address that nothing can be at
    not_declared,    ///< to a port of this machine that is none of the application's
    shared_user,     ///< the application runs as our user, so its own connections would not be seen
    too_many,        ///< over limits.connections
};
inline constexpr std::array<std::string_view, 6> refusal_names{"not_redirected", "own_listener", "no_destination",
                                                               "not_declared",   "shared_user",  "too_many"};

/// How a tunnel failed.
enum class tunnel_failure : std::uint8_t {
    refused,    ///< the destination did not take the connection
    timed_out,  ///< it did not within timeouts.connect
    broken,     ///< a side broke off
    silent,     ///< nothing passed for timeouts.tunnel
};
inline constexpr std::array<std::string_view, 4> tunnel_failure_names{"refused", "timed_out", "broken", "silent"};

/// What one worker counts of one direction; its only writer.
struct direction_metrics {
    std::array<exchange::counter, protocol_names.size()> connections;
    std::array<exchange::counter, refusal_names.size()> refused;
    exchange::counter tunnels;
    exchange::counter tunnels_open;
    exchange::counter bytes_sent;      ///< from the client
    exchange::counter bytes_received;  ///< to the client
    std::array<exchange::counter, tunnel_failure_names.size()> failures;
};

/// By exchange::direction.
using metrics = std::array<direction_metrics, 2>;

}  // namespace outrider::intercept
