#include "tests/support/consul_server.hpp"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "sidecar/net/http_client.hpp"

namespace outrider::test {
namespace {

using nlohmann::json;

/// Where consul.sh puts it.
std::string program() {
    const auto of_environment = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value != nullptr ? value : "");
    };
    const auto cache = of_environment("XDG_CACHE_HOME");
    return (cache.empty() ? of_environment("HOME") + "/.cache" : cache) + "/outrider/consul/consul";
}

}  // namespace

std::unique_ptr<consul_server> consul_server::start(bool acl) {
    if (::access(program().c_str(), X_OK) != 0) return nullptr;
    std::unique_ptr<consul_server> out(new consul_server);
    out->acl_ = acl;
    // Ports that were free may be taken by the time it listens.
    for (int tries = 0; tries < 3; ++tries) {
        out->port_ = free_port();
        out->rpc_ = free_port();
        out->serf_ = free_port();
        if (out->start_process()) return out;
    }
    return nullptr;
}

bool consul_server::start_process() {
    json settings{
        {"ports",
         {{"http", port_}, {"server", rpc_}, {"serf_lan", serf_}, {"serf_wan", -1}, {"dns", -1}, {"grpc", -1}}},
        {"disable_update_check", true}};
    if (acl_) settings["acl"] = {{"enabled", true}, {"default_policy", "deny"}, {"tokens", {{"master", "secret"}}}};
    const auto file = folder_ / "consul.json";
    std::ofstream(file) << settings.dump();
    if (!process_.start({program(), "agent", "-dev", "-bind", "127.0.0.1", "-node", "here", "-config-file", file},
                        port_))
        return false;
    // It accepts before it has a leader.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < until) {
        const auto services = call("GET", "/v1/health/service/consul?passing=1");
        if (services.is_array() && !services.empty()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

json consul_server::call(const std::string& method, const std::string& target, const json& body) const {
    net::http_client client;
    const auto text = body.is_null() ? std::string{} : body.dump();
    net::http_request request{method, *net::parse_url(url() + target), {{"X-Consul-Token", "secret"}}, {text}};
    if (text.empty()) request.body.clear();
    const auto answer = client.request(request, std::chrono::seconds(5));
    auto document = answer ? json::parse(answer->body, nullptr, false) : json();
    return document.is_discarded() ? json() : document;
}

}  // namespace outrider::test
