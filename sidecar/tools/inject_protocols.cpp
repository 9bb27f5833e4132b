#include "sidecar/tools/inject_protocols.hpp"

#include <algorithm>
#include <array>

namespace outrider::tools {
namespace {

using config::marked_node;

std::string taken_for(std::string word) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    constexpr std::array<std::string_view, 4> http{"http", "http1", "ws", "kubernetes.io/ws"};
    constexpr std::array<std::string_view, 17> tcp{"http2",
                                                   "h2c",
                                                   "grpc",
                                                   "https",
                                                   "tls",
                                                   "tcp",
                                                   "wss",
                                                   "kubernetes.io/h2c",
                                                   "kubernetes.io/wss",
                                                   "kafka",
                                                   "amqp",
                                                   "postgresql",
                                                   "mysql",
                                                   "postgres",
                                                   "sql",
                                                   "mongodb",
                                                   "redis"};
    if (std::find(http.begin(), http.end(), word) != http.end()) return "http";
    return std::find(tcp.begin(), tcp.end(), word) != tcp.end() ? "tcp" : "";
}

std::string first_word(const std::string& name) { return name.substr(0, name.find('-')); }

std::string by_services(const workload& of, std::uint16_t port, const std::vector<manifest>& services) {
    for (const auto& service : services) {
        if (service.name_space != of.name_space || !is_selected(of, service)) continue;
        const auto* spec = look(*service.node, "spec");
        const auto* ports = spec != nullptr ? look(*spec, "ports") : nullptr;
        if (ports == nullptr) continue;
        for (const auto& each : ports->items) {
            auto target = look_text(each, {"targetPort"});
            if (target.empty()) target = look_text(each, {"port"});
            const auto number = port_number(target);
            if ((number != 0 ? number : named_port(of, target)) != port) continue;
            if (auto found = taken_for(look_text(each, {"appProtocol"})); !found.empty()) return found;
        }
    }
    return {};
}

}  // namespace

std::string protocol_of_port(const workload& of, std::uint16_t port, const std::vector<manifest>& services) {
    if (auto found = by_services(of, port, services); !found.empty()) return found;
    for (const auto& container : of.containers->value.resolved().items) {
        const auto* ports = look(container, "ports");
        if (ports == nullptr) continue;
        for (const auto& each : ports->items) {
            if (port_number(look_text(each, {"containerPort"})) != port) continue;
            if (auto found = taken_for(first_word(look_text(each, {"name"}))); !found.empty()) return found;
        }
    }
    return {};
}

}  // namespace outrider::tools
