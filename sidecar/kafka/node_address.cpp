#include "sidecar/kafka/node_address.hpp"

#include <utility>

namespace outrider::kafka {
namespace {

constexpr std::uint32_t loopback_net = 127U << 24;
constexpr std::uint32_t first_broker = loopback_net + (1U << 16);
constexpr std::uint32_t first_controller = loopback_net + (1U << 23);
// The last address of the network is its broadcast address.
constexpr std::uint32_t broadcast = loopback_net + 0xffffff;

std::string dotted(std::uint32_t address) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (!text.empty()) text += '.';
        text += std::to_string(address >> shift & 0xff);
    }
    return text;
}

std::optional<std::uint32_t> loopback_address(node_key node) {
    auto first = node.kind == node_kind::broker ? first_broker : first_controller;
    auto end = node.kind == node_kind::broker ? first_controller : broadcast;
    if (node.id < 0 || static_cast<std::uint32_t>(node.id) >= end - first) return std::nullopt;
    return first + static_cast<std::uint32_t>(node.id);
}

}  // namespace

address_plan address_plan::loopback(std::int32_t listener_port, std::optional<port_range> beyond) {
    address_plan plan;
    plan.loopback_port_ = listener_port;
    plan.ports_ = std::move(beyond);
    return plan;
}

address_plan address_plan::ports(port_range range) {
    address_plan plan;
    plan.ports_ = std::move(range);
    return plan;
}

address_plan address_plan::own() {
    address_plan plan;
    plan.keeps_ = true;
    return plan;
}

std::optional<host_port> address_plan::advertise(node_key node) const {
    if (loopback_port_) {
        if (auto address = loopback_address(node)) return host_port{dotted(*address), *loopback_port_};
    }
    if (!ports_ || node.kind != node_kind::broker || node.id < 0 || node.id > 0xffff - ports_->base)
        return std::nullopt;
    return host_port{ports_->host, ports_->base + node.id};
}

std::optional<node_key> address_plan::node_of(std::uint32_t local_address) const {
    if (!loopback_port_ || local_address < first_broker || local_address >= broadcast) return std::nullopt;
    if (local_address < first_controller)
        return node_key{node_kind::broker, static_cast<std::int32_t>(local_address - first_broker)};
    return node_key{node_kind::controller, static_cast<std::int32_t>(local_address - first_controller)};
}

std::optional<node_key> address_plan::node_of_port(std::int32_t port) const {
    if (!ports_ || port < ports_->base || port > 0xffff) return std::nullopt;
    return node_key{node_kind::broker, port - ports_->base};
}

}  // namespace outrider::kafka
