#pragma once

#include <cstdint>
#include <string_view>

namespace outrider::governance {

/// What an exchange is, seen from the service beside the sidecar.
enum class traffic : std::uint8_t {
    inbound,   ///< a caller's HTTP request to the application
    outbound,  ///< the application's HTTP request to an upstream
    produce,   ///< records of the application on their way to a topic
    consume,   ///< records of a topic on their way to the application
};
inline constexpr std::size_t traffics = 4;

std::string_view name_of(traffic which);

/// How a field of the message is looked up: a name in lower case, and what it says; empty when there is none.
struct field_lookup {
    std::string_view (*find)(const void* message, std::string_view name) = nullptr;
    const void* message = nullptr;
    std::string_view operator()(std::string_view name) const { return find ? find(message, name) : std::string_view{}; }
};

/// The plain facts of one exchange that policies may look at. Protocol code fills them; views live as long as the
/// exchange. What does not apply is empty.
struct facts {
    traffic kind = traffic::inbound;
    std::string_view
        upstream;              ///< outbound: the upstream's name ("" for hosts found by DNS); Kafka: the cluster's name
    std::string_view method;   ///< HTTP
    std::string_view host;     ///< HTTP, in lower case, without port
    std::string_view path;     ///< HTTP, without the query
    field_lookup header;       ///< HTTP
    std::string_view address;  ///< the peer's, numeric
    std::string_view topic;    ///< Kafka
    std::string_view group;    ///< Kafka, consuming
    std::string_view client;   ///< Kafka client id
    std::string_view principal;  ///< who authenticated, where that is known
};

}  // namespace outrider::governance
