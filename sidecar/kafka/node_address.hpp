#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace outrider::kafka {

/// Brokers serve clients; controllers (KRaft) have ids of their own, which may be the same numbers.
enum class node_kind : std::uint8_t { broker, controller };

struct host_port {
    std::string host;
    std::int32_t port = 0;
    bool operator==(const host_port&) const = default;
};

/// One node of a cluster.
struct node_key {
    node_kind kind = node_kind::broker;
    std::int32_t id = 0;
    auto operator<=>(const node_key&) const = default;
};

/// Ports that stand for brokers: broker N is at `base` + N of `host`.
struct port_range {
    std::string host;
    std::int32_t base = 0;
};

/// How the nodes of a cluster are advertised to clients, and which node a client means that came to an address.
///
/// Loopback: 127.1.0.0 + N is broker N, 127.128.0.0 + N controller N, all at the listener's port; 127.0.0.1 is none of
/// them, the bootstrap address. The half of 127.0.0.0/8 that belongs to a kind bounds its ids; a broker beyond it takes
/// a port if a range is given. Ports: brokers only, because a controller may have a broker's number. Own: every node
/// stays where it says it is, for clients whose connections are intercepted wherever they go.
class address_plan {
  public:
    static address_plan loopback(std::int32_t listener_port, std::optional<port_range> beyond = std::nullopt);
    static address_plan ports(port_range range);
    static address_plan own();

    /// @return nothing when the plan has no address for this node: it must not be advertised at all
    std::optional<host_port> advertise(node_key node) const;

    /// What clients are told of a node that says it is at `itself`.
    std::optional<host_port> shown(node_key node, const host_port& itself) const {
        return keeps_ ? itself : advertise(node);
    }
    /// Whether clients are told the nodes' own addresses, so that nothing has to be rewritten or hidden.
    bool keeps() const { return keeps_; }

    /// The node that a local IPv4 address in host order stands for; none is the bootstrap address and any other.
    std::optional<node_key> node_of(std::uint32_t local_address) const;
    /// The broker that a local port of the range stands for.
    std::optional<node_key> node_of_port(std::int32_t port) const;

  private:
    address_plan() = default;

    std::optional<std::int32_t> loopback_port_;
    std::optional<port_range> ports_;
    bool keeps_ = false;
};

}  // namespace outrider::kafka
