#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sidecar/config/settings.hpp"
#include "sidecar/discovery/probe.hpp"
#include "sidecar/net/tls_context.hpp"

namespace outrider::discovery {

enum class target_kind : std::uint8_t { application, upstream, kafka };

/// What is probed, and how.
struct health_target {
    target_kind of = target_kind::application;
    std::string name;                       ///< the upstream's or the cluster's
    config::upstream_endpoint where;        ///< of an application, or an upstream's endpoint
    std::vector<config::endpoint> brokers;  ///< of a cluster
    config::health_check how;
    std::shared_ptr<net::tls_context> tls;  ///< for https endpoints and clusters with TLS
    std::size_t last_broker = 0;            ///< the one that answered last

    /// For metrics and pages: "app:127.0.0.1:9000", "upstream:stock:127.0.0.1:8081", "kafka:main".
    std::string label() const;
    /// For people: "application 127.0.0.1:9000", "upstream stock", "Kafka cluster main".
    std::string what() const;
    /// "tcp", "http", "grpc", "command", "kafka"
    std::string_view kind() const;
    /// Where probes go: `where`, with the port that probes have of their own.
    config::endpoint probed() const;
};

/// One probe of it.
net::awaitable<probe_result> probe(probe_io& io, health_target& target);

}  // namespace outrider::discovery
