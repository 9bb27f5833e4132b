#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "sidecar/exchange/failure.hpp"
#include "sidecar/exchange/ruling.hpp"

namespace outrider::tracing {
class message_capture;
}

namespace outrider::exchange {

using steady_clock = std::chrono::steady_clock;

enum class direction : std::uint8_t { inbound, outbound };

std::string_view name_of(direction which);

/// Where an exchange goes, by a small number that metrics are filed under: one per inbound listener, one per named
/// upstream, one for hosts that were found by DNS, one for tunnels. Fixed when the sidecar starts.
using target_index = std::uint16_t;

/// The plain facts of one HTTP exchange, as far as they are known; views live as long as the exchange.
struct http_facts {
    exchange::direction direction = direction::inbound;
    target_index target = 0;
    std::string_view method;
    std::string_view path;   ///< without the query
    std::string_view query;  ///< without "?"
    std::string_view host;   ///< as the caller named it
    std::string_view user_agent;
    std::string_view peer;  ///< the client's address
    std::uint16_t peer_port = 0;
    std::string_view upstream;  ///< name of the target
    bool https = false;         ///< towards the upstream
    int minor_version = 1;
    int status = 0;  ///< what the caller was answered; 0: nothing
    exchange::failure failure;
    const exchange::ruling* ruling = nullptr;            ///< null: no policy is about it
    const tracing::message_capture* captured = nullptr;  ///< what its messages said for chains; null: nothing
    std::uint64_t request_bytes = 0;                     ///< of bodies
    std::uint64_t response_bytes = 0;
    std::uint32_t attempts = 0;
    steady_clock::time_point started;
    steady_clock::time_point finished;
};

/// The plain facts of one attempt at an upstream.
struct attempt_facts {
    std::string_view server_address;  ///< as configured or named
    std::uint16_t server_port = 0;
    std::string_view peer_address;  ///< the address that was connected to
    std::uint16_t peer_port = 0;
    int status = 0;
    exchange::failure failure;
    std::uint32_t number = 0;  ///< 0 for the first
    steady_clock::time_point started;
    steady_clock::time_point finished;
};

}  // namespace outrider::exchange
