#include "sidecar/http/upstream.hpp"

namespace outrider::http {
namespace {

std::string host_text(const config::upstream_endpoint& endpoint) {
    auto host = endpoint.address.host.find(':') == std::string::npos ? endpoint.address.host
                                                                     : "[" + endpoint.address.host + "]";
    bool usual_port = endpoint.address.port == (endpoint.tls ? 443 : 80);
    return usual_port ? host : host + ":" + std::to_string(endpoint.address.port);
}

}  // namespace

upstream::upstream(std::string name, exchange::target_index target, const config::upstream& configured,
                   std::shared_ptr<net::tls_context> tls)
    : name_(std::move(name)), target_(target), configured_(configured), tls_(std::move(tls)) {
    for (const auto& endpoint : configured_.endpoints) {
        auto state = std::make_unique<endpoint_state>();
        state->configured = endpoint;
        state->text = host_text(endpoint);
        endpoints_.push_back(std::move(state));
    }
}

endpoint_state& upstream::next_endpoint() {
    auto& chosen = *endpoints_[next_ % endpoints_.size()];
    ++next_;
    return chosen;
}

connection_handle endpoint_state::take_idle(net::steady_clock::time_point now, std::chrono::milliseconds longest_idle) {
    if (idle.empty() || now - idle.back()->idle_since >= longest_idle) return nullptr;
    auto connection = std::move(idle.back());
    idle.pop_back();
    return connection;
}

void endpoint_state::give_back(connection_handle connection, net::steady_clock::time_point now, std::size_t most) {
    connection->idle_since = now;
    idle.push_back(std::move(connection));
    if (idle.size() > most) idle.pop_front();
}

void upstream::close_idle(net::steady_clock::time_point now, std::chrono::milliseconds longest_idle) {
    for (auto& endpoint : endpoints_)
        while (!endpoint->idle.empty() && now - endpoint->idle.front()->idle_since >= longest_idle)
            endpoint->idle.pop_front();
}

std::size_t upstream::idle() const {
    std::size_t count = 0;
    for (const auto& endpoint : endpoints_) count += endpoint->idle.size();
    return count;
}

}  // namespace outrider::http
