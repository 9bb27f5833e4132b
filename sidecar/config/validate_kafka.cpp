#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/rules.hpp"

namespace outrider::config {

void kafka_rules::run() {
    for (auto& [name, cluster] : value_.kafka) check_cluster("kafka." + name, cluster);
}

void kafka_rules::check_cluster(const std::string& path, kafka_cluster& cluster) {
    const bool keys = !(cluster.tls == tls_client{});
    if (cluster.protocol == broker_protocol::plaintext && keys)
        fail(path + ".protocol", "'" + path + ".tls' has no effect with 'protocol: plaintext'; remove one of them");
    if (cluster.protocol == broker_protocol::automatic)
        cluster.protocol = keys ? broker_protocol::tls : broker_protocol::plaintext;
    const auto brokers = path + ".brokers";
    if (given(brokers) && cluster.brokers.empty())
        fail(brokers, "'" + brokers + "' is empty; list at least one host:port");
    check_tls(path + ".tls", cluster.tls);
    check_advertised(path, cluster);
}

/// Clients must be able to reach what they are told: loopback addresses by themselves, others by a host and ports.
void kafka_rules::check_advertised(const std::string& path, const kafka_cluster& cluster) {
    if (cluster.advertise.empty() && cluster.base_port != 0)
        fail(path + ".base_port", "'" + path + ".base_port' has no effect without '" + path + ".advertise'");
    if (!cluster.advertise.empty() && cluster.base_port == 0)
        fail(path + ".advertise",
             "'" + path + ".advertise' needs '" + path + ".base_port': node N is advertised at base_port + N");
    if (cluster.listen.host.empty() || !cluster.advertise.empty()) return;
    if (is_loopback(cluster.listen) && cluster.listen.host.find(':') == std::string::npos) return;
    fail(path + ".listen",
         "'" + path + ".listen' " + cluster.listen.text() +
             " is no IPv4 loopback address, so clients must be told where to find each broker: set '" + path +
             ".advertise' and '" + path + ".base_port', or listen on 127.0.0.1");
}

}  // namespace outrider::config
