#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/rules.hpp"

namespace outrider::config {

void health_rules::run() {
    check_kind("health.app", value_.health);
    const bool probed = !value_.inbound.empty() || value_.health.port != 0 || !value_.health.command.empty();
    if (!probed && given("health.app") && !has_failed("inbound"))
        warn("health.app",
             "'health.app' has no effect without 'inbound': an application that listens nowhere is probed by its "
             "'port' or a 'command'");
    for (const auto& [name, upstream] : value_.upstreams) {
        if (!upstream.health) continue;
        const auto path = "upstreams." + name + ".health";
        check_kind(path, *upstream.health);
        check_cleartext(path, upstream);
    }
}

void health_rules::check_kind(const std::string& path, const health_check& check) {
    std::string chosen;
    auto look_at = [&](const std::string& kind, bool is_given) {
        if (!is_given) return;
        if (!chosen.empty())
            fail(path + "." + kind, "'" + path + "." + kind + "' and '" + path + "." + chosen +
                                        "' are both given, and a target is probed in one way; remove one of them");
        chosen = kind;
    };
    look_at("tcp", check.tcp);
    look_at("http", !check.http.empty());
    look_at("grpc", check.grpc.has_value());
    look_at("command", !check.command.empty());
    if (chosen == "command" && check.port != 0)
        fail(path + ".port", "'" + path + ".port' has no effect with '" + path + ".command'; remove one of them");
}

void health_rules::check_cleartext(const std::string& path, const upstream& what) {
    if (!what.health->grpc) return;
    for (const auto& endpoint : what.endpoints) {
        if (!endpoint.tls) continue;
        return fail(path + ".grpc", "'" + path + ".grpc' probes in cleartext, and " + to_text(endpoint) +
                                        " speaks TLS; probe it with 'http' or 'tcp'");
    }
}

}  // namespace outrider::config
