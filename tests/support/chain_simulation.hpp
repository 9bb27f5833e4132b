#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/chain_topology.hpp"

namespace outrider::test {

inline constexpr std::size_t nothing = std::numeric_limits<std::size_t>::max();

/// One span as it truly was, on the one clock that nobody has.
struct true_span {
    enum class what : std::uint8_t { entry, server, client, send, process, poll } is = what::server;
    std::size_t service = 0;
    std::size_t peer = 0;      ///< of what leaves: the service that is called
    std::size_t endpoint = 0;  ///< the callee's
    std::size_t topic = 0, partition = 0;
    std::int64_t offset = -1;
    std::int64_t start_ns = 0, end_ns = 0;
    std::size_t request = 0;              ///< which chain; `nothing` for what no request caused
    std::size_t parent = nothing;         ///< whose context came along
    bool foreign_parent = false;          ///< ... below a span that nobody ever receives; tracestate names `parent`
    std::vector<std::size_t> causes;      ///< of what leaves: what entered before; of what enters: what sent it
    std::vector<std::size_t> links;       ///< of a poll: the sends
    std::size_t first_attempt = nothing;  ///< in whose trace this one is, being another attempt of it
    int attempt = 0;
    bool error = false;
    std::size_t open = 0;  ///< exchanges that were open towards the application when it started
};

/// What happened.
struct true_history {
    std::vector<true_span> spans;
    double busiest_in_flight = 0;  ///< mean of requests being handled in the service that has most
    double mean_in_flight = 0;     ///< over the services that call others
    std::size_t requests = 0;
};

/// Lets requests come to the entries of a system for as long as it takes to have so many.
/// @param rate  requests a second
true_history simulate(const topology& system, const traffic_class& kind, std::uint64_t seed, double rate,
                      std::size_t requests);

/// The rate at which the busiest service has so many requests in flight.
double rate_for(const topology& system, const traffic_class& kind, std::uint64_t seed, double in_flight);

}  // namespace outrider::test
