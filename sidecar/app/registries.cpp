// Registries: which there are, what each is asked, and where its answers go.

#include "sidecar/app/registries.hpp"

#include <algorithm>
#include <array>

#include "sidecar/app/sidecar.hpp"
#include "sidecar/discovery/consul_registry.hpp"
#include "sidecar/discovery/dns_registry.hpp"
#include "sidecar/discovery/etcd_registry.hpp"
#include "sidecar/discovery/file_registry.hpp"
#include "sidecar/discovery/kubernetes_registry.hpp"
#include "sidecar/http/connector.hpp"

namespace outrider::app {
namespace {

using config::directory;

/// How the configuration and how people call it.
struct registry_name {
    directory which;
    const char* key;
    const char* text;
};
constexpr std::array<registry_name, 5> names{{{directory::etcd, "etcd", "etcd"},
                                              {directory::consul, "consul", "Consul"},
                                              {directory::kubernetes, "kubernetes", "Kubernetes"},
                                              {directory::dns, "dns", "DNS"},
                                              {directory::file, "file", "the file"}}};

const registry_name& name_of(directory which) {
    return *std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.which == which; });
}

bool any_by(const config::settings& settings, directory which) {
    return std::any_of(settings.upstreams.begin(), settings.upstreams.end(),
                       [&](const auto& each) { return each.second.discover && each.second.discover->by == which; });
}

std::shared_ptr<discovery::registry> make_dns(const config::settings& settings) {
    std::string servers;
    for (const auto& each : settings.registries.dns.servers) servers += (servers.empty() ? "" : ",") + each.text();
    return std::make_shared<discovery::dns_registry>(std::move(servers));
}

std::shared_ptr<discovery::registry> make_file(const config::settings& settings) {
    discovery::file_registry::options options;
    options.verdict = settings.registries.file.path;
    options.service = settings.service;
    options.instance = settings.instance;
    if (settings.advertise) options.address = settings.advertise->text();
    return std::make_shared<discovery::file_registry>(std::move(options));
}

/// The application as it is made known; nothing where it is not to be.
discovery::instance instance_of(const config::settings& settings, bool registers) {
    discovery::instance out;
    if (!registers || !settings.advertise) return out;
    out.service = settings.service;
    out.address.address = *settings.advertise;
    return out;
}

std::shared_ptr<discovery::registry> make_etcd(const config::settings& settings) {
    const auto& from = *settings.registries.etcd;
    discovery::etcd_options options;
    options.endpoints = from.endpoints;
    options.prefix = from.prefix;
    options.user = from.user;
    options.password = from.password;
    options.tls = from.tls;
    options.ttl = from.ttl;
    options.self = instance_of(settings, from.registers);
    return discovery::make_etcd(std::move(options));
}

std::shared_ptr<discovery::registry> make_consul(const config::settings& settings) {
    const auto& from = *settings.registries.consul;
    discovery::consul_options options;
    options.address = from.address;
    options.token = from.token;
    options.datacenter = from.datacenter;
    options.tls = from.tls;
    options.ttl = from.ttl;
    options.self = instance_of(settings, from.registers);
    return discovery::make_consul(std::move(options));
}

std::shared_ptr<discovery::registry> make_kubernetes(const config::settings& settings) {
    const auto& from = *settings.registries.kubernetes;
    discovery::kubernetes_options options;
    options.server = from.api;
    options.own_namespace = from.name_space;
    options.token_file = from.token_file;
    options.tls.ca = from.ca;
    return discovery::make_kubernetes(std::move(options));
}

/// Of a Kubernetes service with several ports, one is asked for behind a colon.
std::string asked_of(const config::discovery& wanted) {
    if (wanted.by == directory::file) return wanted.file;
    return wanted.port.empty() ? wanted.service : wanted.service + ":" + wanted.port;
}

}  // namespace

registry_map make_registries(const config::settings& settings) {
    registry_map out;
    if (any_by(settings, directory::dns)) out["dns"] = make_dns(settings);
    if (any_by(settings, directory::file) || !settings.registries.file.path.empty()) out["file"] = make_file(settings);
    if (settings.registries.etcd) out["etcd"] = make_etcd(settings);
    if (settings.registries.consul) out["consul"] = make_consul(settings);
    if (any_by(settings, directory::kubernetes)) out["kubernetes"] = make_kubernetes(settings);
    return out;
}

std::vector<discovery::discovered_upstream> discovered_upstreams(
    const config::settings& settings, const registry_map& registries,
    std::function<std::string(const config::upstream_endpoint&)> judge) {
    std::vector<discovery::discovered_upstream> out;
    for (const auto& [name, upstream] : settings.upstreams) {
        if (!upstream.discover) continue;
        const auto& wanted = *upstream.discover;
        const auto& by = name_of(wanted.by);
        auto& one = out.emplace_back();
        one.name = name;
        one.registry = registries.at(by.key);
        one.registry_name = by.key;
        one.asked = asked_of(wanted);
        one.rules.registry = by.text;
        one.rules.service = one.asked;
        one.rules.stale = wanted.stale.value_or(std::chrono::milliseconds{0});
        one.rules.tls = wanted.tls;
        one.rules.judge = judge;
    }
    return out;
}

void sidecar::open_directory() {
    const auto& settings = configuration_.value;
    // Names are judged when they are resolved.
    const auto judge = [this](const config::upstream_endpoint& member) -> std::string {
        const auto literal = net::literal_address(member.address.host);
        if (!literal) return {};
        return governance::describe(shared_->egress.judge(http::destination_of({*literal, member.address.port})));
    };
    discovery::directory::options options;
    options.registries = make_registries(settings);
    options.upstreams = discovered_upstreams(settings, options.registries, judge);
    options.apply = [this](const std::string& upstream, const discovery::member_list& members,
                           const std::string& why_none) { use_members(upstream, members, why_none); };
    directory_ = std::make_unique<discovery::directory>(std::move(options));
}

/// A message to each worker; before they run, it waits for them.
void sidecar::use_members(const std::string& upstream, const discovery::member_list& members,
                          const std::string& why_none) {
    const auto now = shared_->endpoints.replace(upstream, members, why_none, net::steady_clock::now());
    for (auto& each : lanes_) {
        auto* path = each->path.get();
        each->worker.post([path, upstream, now] { path->router.take_over(upstream, *now); });
    }
    monitor_->use_endpoints(upstream, now->list);
}

}  // namespace outrider::app
