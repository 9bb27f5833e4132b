#pragma once

#include <array>
#include <cstdint>

#include "sidecar/fleet/redis_connection.hpp"

namespace outrider::fleet {

/// Upper bounds of the latency histogram in milliseconds; slower ones are counted behind the last.
inline constexpr std::array<double, 7> latency_bounds_ms{0.25, 0.5, 1, 2.5, 5, 10, 25};

/// What the client of Redis did so far, for metrics.
struct fleet_stats {
    bool up = false;                ///< Redis answers; else limits of the fleet go by the local share
    std::uint64_t connections = 0;  ///< that were opened
    std::uint64_t calls = 0;        ///< batches that were answered
    std::uint64_t keys = 0;         ///< requests in them
    double granted = 0;             ///< amounts, of all limits
    double given_back = 0;          ///< of them, unspent
    double told = 0;                ///< admitted first and told then
    std::array<std::uint64_t, redis_errors> errors{};                   ///< by redis_error
    double seconds = 0;                                                 ///< that all answered batches took
    std::array<std::uint64_t, latency_bounds_ms.size() + 1> latency{};  ///< batches by how long they took
    std::uint64_t local = 0;       ///< decisions by the local share while Redis did not answer
    std::uint64_t unasked = 0;     ///< keys that found the queue full; they ask again when next used
    std::uint64_t overflowed = 0;  ///< decisions that a table without room gave to the shared bucket
};

}  // namespace outrider::fleet
