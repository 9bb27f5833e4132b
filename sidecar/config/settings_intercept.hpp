#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace outrider::config {

enum class trust;

/// What connections to a port are taken for.
struct intercepted_protocol {
    enum class kind : std::uint8_t { http, kafka, tcp };
    kind what = kind::tcp;
    std::string cluster;  ///< of Kafka: a name under `kafka`
    bool operator==(const intercepted_protocol&) const = default;
    /// "http", "kafka:main", "tcp".
    std::string text() const;
};

/// Destinations that the application goes to without the sidecar: a network, a port, or a port of a network.
struct excluded_destination {
    std::string network;     ///< as CIDR, "10.0.0.0/8" or "fd00::/8"; empty: every address
    std::uint16_t port = 0;  ///< 0: every port
    bool is_v6() const { return network.find(':') != std::string::npos; }
    bool operator==(const excluded_destination&) const = default;
    /// "10.0.0.0/8", "10.0.0.0/8:5432", "[fd00::/8]:443", "22".
    std::string text() const;
};

/// Transparent interception: connections that rules of the kernel bring here, whatever address they were made to.
struct intercept {
    std::uint32_t outbound = 0;                         ///< port for the application's connections; 0: none
    std::uint32_t inbound = 0;                          ///< port for connections to the application; 0: none
    std::vector<std::uint32_t> ports_in;                ///< of the application; nothing else is served inbound
    std::map<std::string, intercepted_protocol> ports;  ///< by destination port, either direction
    std::vector<std::uint32_t> loopback;                ///< of `ports_in`: the application has bound 127.0.0.1
    std::vector<excluded_destination> exclude_out;
    /// The user that the sidecar runs as: what tells its own connections from the application's.
    std::optional<std::uint32_t> uid;
    std::uint32_t mark = 0;                 ///< the same by a firewall mark on each connection of ours; 0: none
    std::chrono::milliseconds detect{100};  ///< the longest look at first bytes where no port is declared; 0: none
    config::trust trust{};                  ///< of inbound callers' traces
    bool trust_forwarded = false;

    bool any() const { return outbound != 0 || inbound != 0; }
};

}  // namespace outrider::config
