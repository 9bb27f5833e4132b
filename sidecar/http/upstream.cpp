#include "sidecar/http/upstream.hpp"

#include <algorithm>
#include <unordered_map>

#include "sidecar/config/endpoint.hpp"

namespace outrider::http {
namespace {

std::string host_text(const config::upstream_endpoint& endpoint) {
    auto host = endpoint.address.host.find(':') == std::string::npos ? endpoint.address.host
                                                                     : "[" + endpoint.address.host + "]";
    bool usual_port = endpoint.address.port == (endpoint.tls ? 443 : 80);
    return usual_port ? host : host + ":" + std::to_string(endpoint.address.port);
}

/// What a discovered member is called in Host: registries give addresses, and a virtual host behind one knows itself by
/// the name that its certificate has.
config::upstream_endpoint known_as(const config::upstream& of, config::upstream_endpoint member) {
    if (of.discover && member.tls && !of.tls.server_name.empty()) member.address.host = of.tls.server_name;
    return member;
}

}  // namespace

upstream::upstream(std::string name, exchange::target_index target, const config::upstream& configured,
                   std::shared_ptr<net::tls_context> tls, members_handle members)
    : name_(std::move(name)), target_(target), configured_(configured), tls_(std::move(tls)) {
    upstream_members listed;
    listed.list = configured_.endpoints;
    take_over(members ? *members : listed);
}

std::shared_ptr<endpoint_state> upstream::new_state(const config::upstream_endpoint& member) const {
    auto state = std::make_shared<endpoint_state>();
    state->configured = member;
    state->text = host_text(known_as(configured_, member));
    return state;
}

void upstream::take_over(const upstream_members& members) {
    std::unordered_map<std::string, std::shared_ptr<endpoint_state>> former;
    if (endpoints_)
        for (const auto& each : endpoints_->members) former.emplace(config::to_text(each->configured), each);
    auto group = boost::make_local_shared<endpoint_group>();
    group->balancer = members.balancer;
    group->why_none = members.why_none;
    for (const auto& member : members.list) {
        auto stays = former.extract(config::to_text(member));
        group->members.push_back(stays.empty() ? new_state(member) : std::move(stays.mapped()));
    }
    for (auto& [text, gone] : former) {
        gone->retired = true;
        gone->idle.clear();
    }
    if (members.tls) tls_ = members.tls;
    endpoints_ = std::move(group);
}

void upstream::choose_by(std::shared_ptr<governance::balancer> chooser) {
    auto group = boost::make_local_shared<endpoint_group>(*endpoints_);
    group->balancer = std::move(chooser);
    endpoints_ = std::move(group);
}

endpoint_state& upstream::next_of(const endpoint_group& group) {
    auto& chosen = *group.members[next_ % group.members.size()];
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
    if (retired) return;
    connection->idle_since = now;
    idle.push_back(std::move(connection));
    if (idle.size() > most) idle.pop_front();
}

void upstream::close_idle(net::steady_clock::time_point now, std::chrono::milliseconds longest_idle) {
    for (const auto& endpoint : endpoints_->members)
        while (!endpoint->idle.empty() && now - endpoint->idle.front()->idle_since >= longest_idle)
            endpoint->idle.pop_front();
}

std::size_t upstream::idle() const {
    std::size_t count = 0;
    for (const auto& endpoint : endpoints_->members) count += endpoint->idle.size();
    return count;
}

}  // namespace outrider::http
