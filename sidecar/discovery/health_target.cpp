#include "sidecar/discovery/health_target.hpp"

#include "sidecar/discovery/command_probe.hpp"
#include "sidecar/discovery/grpc_health_probe.hpp"
#include "sidecar/discovery/http_probe.hpp"
#include "sidecar/discovery/kafka_probe.hpp"

namespace outrider::discovery {
namespace {

/// An application that listens nowhere is probed by a command, and has no address.
std::string address_of(const health_target& target) {
    return target.where.address.port == 0 ? std::string{} : target.where.address.text();
}

}  // namespace

std::string health_target::label() const {
    if (of == target_kind::kafka) return "kafka:" + name;
    if (of == target_kind::upstream) return "upstream:" + name + ":" + where.address.text();
    const auto address = address_of(*this);
    return address.empty() ? "app" : "app:" + address;
}

std::string health_target::what() const {
    if (of == target_kind::kafka) return "Kafka cluster " + name;
    if (of == target_kind::upstream) return "upstream " + name;
    const auto address = address_of(*this);
    return address.empty() ? "application" : "application " + address;
}

std::string_view health_target::kind() const {
    if (of == target_kind::kafka) return "kafka";
    if (!how.http.empty()) return "http";
    if (how.grpc) return "grpc";
    return how.command.empty() ? "tcp" : "command";
}

config::endpoint health_target::probed() const {
    auto out = where.address;
    if (how.port != 0) out.port = static_cast<std::uint16_t>(how.port);
    return out;
}

net::awaitable<probe_result> probe(probe_io& io, health_target& target) {
    const auto where = target.probed();
    auto* tls = target.where.tls || target.of == target_kind::kafka ? target.tls.get() : nullptr;
    const auto kind = target.kind();
    const auto address = address_of(target);
    probe_result out;
    if (kind == "kafka") {
        out = co_await probe_kafka(io, target.brokers, target.last_broker, tls);
    } else if (kind == "http") {
        out = co_await probe_http(io, where, target.how.http, tls);
    } else if (kind == "grpc") {
        out = co_await probe_grpc(io, where, *target.how.grpc);
    } else if (kind == "command") {
        out = co_await probe_command(io, target.how.command, address);
    } else {
        out = co_await probe_tcp(io, where, tls);
    }
    co_return out;
}

}  // namespace outrider::discovery
