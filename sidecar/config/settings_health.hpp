#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outrider::config {

using std::chrono::milliseconds;

/// How a target is probed, and how many results in a row make it up or down. One of the first four says in which way;
/// none of them: whether its TCP port accepts. Kafka clusters are asked for their metadata instead.
struct health_check {
    bool tcp = false;
    std::string http;                  ///< path and query of a GET; empty: none
    std::optional<std::string> grpc;   ///< service that grpc.health.v1 is asked for; "": the server as a whole
    std::vector<std::string> command;  ///< program and arguments, run without a shell
    std::uint32_t port = 0;            ///< 0: the one that traffic goes to
    milliseconds every{2'000};
    milliseconds timeout{1'000};
    std::uint32_t rise = 1;
    std::uint32_t fall = 3;
    bool required = false;  ///< of a dependency: without it the application is not to get traffic
};

}  // namespace outrider::config
