#include <algorithm>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/rules.hpp"

namespace outrider::config {
namespace {

constexpr const char* directories = "etcd, consul, kubernetes, dns or file";

bool is_address(const std::string& host) {
    return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos;
}

/// The host that a service by DNS belongs to: what its certificates name (RFC 6125 6.2.1), not the address found.
std::string host_of(const std::string& service) {
    if (!service.starts_with('_')) return service.substr(0, service.rfind(':'));
    std::string_view rest = service;
    while (rest.starts_with('_')) rest.remove_prefix(std::min(rest.find('.'), rest.size() - 1) + 1);
    return std::string{rest};
}

bool any_https(const std::vector<std::string>& urls) {
    return std::any_of(urls.begin(), urls.end(), [](const auto& url) { return url.starts_with("https://"); });
}

}  // namespace

void discovery_rules::run() {
    for (auto& [name, upstream] : value_.upstreams) check_members(name, upstream);
    check_etcd();
    check_consul();
    for (const auto& server : value_.registries.dns.servers)
        if (!server.host.empty() && !is_address(server.host))
            fail("registries.dns.servers", "'registries.dns.servers': '" + server.host +
                                               "' is a name; write the server's address, since DNS is what it's for");
    choose_advertised();
}

/// Members are listed or discovered; where both were given, the stronger source wins.
void discovery_rules::check_members(const std::string& name, upstream& what) {
    const auto path = "upstreams." + name;
    const bool listed = given(path + ".endpoints") && !(what.discover && what.endpoints.empty());
    if (what.discover && listed) {
        const auto list = where(path + ".endpoints").from;
        const auto discovery = where(path + ".discover").from;
        if (list == discovery)
            return fail(path + ".discover", "'" + path + "' has both 'endpoints' and 'discover'; keep one of them");
        if (list > discovery)
            what.discover.reset();
        else
            what.endpoints.clear();
    }
    if (what.discover) return check_discovery(path, name, what);
    if (!listed)
        fail(path, "'" + path +
                       "' has no members: list them under 'endpoints', or name with 'discover' who knows them (" +
                       directories + ")");
}

void discovery_rules::check_discovery(const std::string& upstream, const std::string& name, config::upstream& what) {
    const auto path = upstream + ".discover";
    auto& wanted = *what.discover;
    if (wanted.by == directory::none && !wanted.file.empty()) wanted.by = directory::file;
    switch (wanted.by) {
        case directory::none:
            return fail(path, "'" + path + "' lacks 'by': " + directories);
        case directory::etcd:
            if (!value_.registries.etcd)
                fail(path, "'" + path +
                               "' needs to know where etcd is: add 'registries: {etcd: {endpoints: "
                               "[http://HOST:2379]}}'");
            break;
        case directory::consul:
            if (!value_.registries.consul)
                fail(path, "'" + path +
                               "' needs to know where Consul is: add 'registries: {consul: {address: "
                               "http://127.0.0.1:8500}}'");
            break;
        case directory::kubernetes:
            find_kubernetes(path);
            break;
        case directory::dns:
            check_dns_name(path, wanted);
            break;
        case directory::file:
            if (wanted.file.empty()) fail(path, "'" + path + "' by file lacks 'file': the path of a list of members");
            break;
    }
    check_unused(path, wanted);
    if (wanted.service.empty() && wanted.by != directory::file) wanted.service = name;
    if (!wanted.stale)
        wanted.stale = wanted.by == directory::dns ? value_.registries.dns.stale : std::chrono::milliseconds{0};
    const bool plain = !wanted.tls && (wanted.by == directory::dns || wanted.by == directory::kubernetes);
    const bool named = wanted.by == directory::dns && wanted.tls && what.tls.server_name.empty();
    if (named) what.tls.server_name = host_of(wanted.service);
    if (!(what.tls == tls_client{}) && plain)
        fail(upstream + ".tls", "'" + upstream + ".tls' has no effect without '" + path + ".tls: true'");
}

/// What has no effect was meant to have one.
void discovery_rules::check_unused(const std::string& path, const discovery& wanted) {
    if (!wanted.file.empty() && wanted.by != directory::file)
        fail(path + ".file", "'" + path + ".file' has no effect: its members are named by another registry");
    if (!wanted.service.empty() && wanted.by == directory::file)
        fail(path + ".service", "'" + path + ".service' has no effect by file");
    if (!wanted.port.empty() && wanted.by != directory::kubernetes)
        fail(path + ".port", "'" + path + ".port' has an effect in Kubernetes only" +
                                 (wanted.by == directory::dns ? "; write 'service: HOST:PORT'" : std::string{}));
}

void discovery_rules::check_dns_name(const std::string& path, const discovery& wanted) {
    const auto at_fault = given(path + ".service") ? path + ".service" : path;
    const auto& service = wanted.service;
    if (service.empty())
        return fail(at_fault, "'" + path +
                                  "' by DNS lacks 'service': HOST:PORT, or the name of SRV records such as "
                                  "_http._tcp.stock.internal");
    if (service.starts_with('_')) {
        const auto host = service.substr(service.find_first_not_of('_'));
        endpoint name;
        if (!parse_target(host + ":1", name).empty() || service.find('.') == std::string::npos)
            fail(at_fault, "'" + at_fault + "': '" + service +
                               "' is not a name of SRV records, such as "
                               "_http._tcp.stock.internal");
        return;
    }
    endpoint target;
    if (auto wrong = parse_target(service, target); !wrong.empty())
        return fail(at_fault, "'" + at_fault + "': " + wrong);
    if (is_address(target.host))
        fail(at_fault, "'" + at_fault + "': '" + target.host + "' is an address already; list it under 'endpoints'");
}

/// Inside a pod everything is known; outside, the API server has to be named.
void discovery_rules::find_kubernetes(const std::string& path) {
    auto& known = value_.registries.kubernetes;
    if (!known) known.emplace();
    if (!known->api.empty()) return;
    const auto host = input_.environment.find("KUBERNETES_SERVICE_HOST");
    if (host == input_.environment.end() || host->second.empty())
        return fail(path, "'" + path +
                              "' needs to know where the API server is: this is not a pod, so write "
                              "'registries: {kubernetes: {api: https://HOST:6443}}'");
    const auto port = input_.environment.find("KUBERNETES_SERVICE_PORT");
    const bool v6 = host->second.find(':') != std::string::npos;
    known->api = "https://" + (v6 ? "[" + host->second + "]" : host->second) + ":" +
                 (port == input_.environment.end() || port->second.empty() ? "443" : port->second);
}

void discovery_rules::check_etcd() {
    const auto& etcd = value_.registries.etcd;
    if (!etcd) return;
    const std::string path = "registries.etcd";
    if (given(path + ".endpoints") && etcd->endpoints.empty())
        fail(path + ".endpoints", "'" + path + ".endpoints' is empty; list at least one http://host:port");
    if (etcd->user.empty() != etcd->password.empty()) {
        const auto* has = etcd->password.empty() ? "user" : "password";
        const auto* lacks = etcd->password.empty() ? "password" : "user";
        fail(path + "." + has, "'" + path + "." + has + "' needs '" + path + "." + lacks + "' beside it");
    }
    if (!(etcd->tls == tls_client{}) && !any_https(etcd->endpoints))
        fail(path + ".tls", "'" + path + ".tls' has no effect: none of its endpoints is https://");
    check_tls(path + ".tls", etcd->tls);
    warn_unused(path, directory::etcd, etcd->registers);
}

void discovery_rules::check_consul() {
    const auto& consul = value_.registries.consul;
    if (!consul) return;
    const std::string path = "registries.consul";
    if (!(consul->tls == tls_client{}) && !any_https({consul->address}))
        fail(path + ".tls", "'" + path + ".tls' has no effect: its address is not https://");
    check_tls(path + ".tls", consul->tls);
    warn_unused(path, directory::consul, consul->registers);
}

void discovery_rules::warn_unused(const std::string& path, directory by, bool registers) {
    const bool asked = std::any_of(value_.upstreams.begin(), value_.upstreams.end(), [&](const auto& each) {
        return each.second.discover && each.second.discover->by == by;
    });
    if (!asked && !registers)
        warn(path, "'" + path + "' is not used: no upstream is discovered by it, and '" + path + ".register' is false");
}

/// What registries are told: where others reach the application, which an inbound listener on every interface does not
/// say.
void discovery_rules::choose_advertised() {
    const auto& all = value_.registries;
    if (value_.advertise) {
        if (!all.any_registers() && all.file.path.empty())
            warn("advertise", "'advertise' has no effect: no registry is told of the application");
        return;
    }
    if ((!all.any_registers() && all.file.path.empty()) || has_failed("advertise")) return;
    if (!value_.inbound.empty()) {
        const auto& listen = value_.inbound.front().listen;
        if (!is_any(listen) && !is_loopback(listen) && listen.port != 0 && !listen.host.empty()) {
            value_.advertise = listen;
            return;
        }
    }
    const auto* by = all.etcd && all.etcd->registers ? "etcd" : "consul";
    if (all.any_registers())
        fail(std::string{"registries."} + by + ".register",
             std::string{"'registries."} + by + ".register' needs 'advertise: HOST:PORT': " +
                 (value_.inbound.empty() ? std::string{"there is no inbound listener that others could reach"}
                                         : "'inbound.0.listen' " + value_.inbound.front().listen.text() +
                                               " does not say under which address others reach the application"));
}

}  // namespace outrider::config
