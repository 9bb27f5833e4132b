#include "sidecar/config/declared_discovery.hpp"

#include "sidecar/config/optional_value.hpp"

namespace outrider::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<setting> discover_keys() {
    return {
        value("by", &discovery::by,
              choice<directory>({{"etcd", directory::etcd},
                                 {"consul", directory::consul},
                                 {"kubernetes", directory::kubernetes},
                                 {"dns", directory::dns},
                                 {"file", directory::file}}),
              "who names its members"),
        value("service", &discovery::service, text(),
              "its name there, by default the upstream's; in Kubernetes `[NAMESPACE/]SERVICE`; in DNS `HOST:PORT`, or "
              "the name of SRV records such as `_http._tcp.stock.internal`"),
        value("port", &discovery::port, word(), "name or number of the port, of a Kubernetes service with several"),
        value("tls", &discovery::tls, yes_or_no(), "its members speak TLS, whatever the registry says"),
        value("file", &discovery::file, path(),
              "YAML or JSON file with a list of `host:port`, `http://host[:port]` or `https://host[:port]`, taken up "
              "within a second when it changes"),
        value("stale", &discovery::stale, optionally(duration(seconds{0}, hours{168})),
              "how long the last known members stay in use while the registry can't be asked; 0: for ever; by default "
              "`registries.dns.stale` by DNS, else for ever"),
    };
}

std::vector<setting> etcd_keys() {
    return {
        list("endpoints", &etcd_registry::endpoints, base_url(), "its members as `http://host:port`, asked in turn")
            .as_required(),
        value("register", &etcd_registry::registers, yes_or_no(), "make the application known there while it is ready"),
        value("prefix", &etcd_registry::prefix, text(), "what the keys begin with: `PREFIX/SERVICE/INSTANCE`"),
        value("user", &etcd_registry::user, text(), "user, where authentication is enabled"),
        value("password", &etcd_registry::password, text(), "password of `user`").as_secret(),
        section("tls", &etcd_registry::tls, tls_keys(), "TLS towards its `https://` members"),
        value("ttl", &etcd_registry::ttl, duration(seconds{2}, minutes{10}),
              "after such a silence a registered instance is gone"),
    };
}

std::vector<setting> consul_keys() {
    return {
        value("address", &consul_registry::address, base_url(), "its HTTP API, usually of the agent on this machine"),
        value("register", &consul_registry::registers, yes_or_no(), "make the application known there, with a check"),
        value("token", &consul_registry::token, text(), "ACL token of every request").as_secret(),
        value("datacenter", &consul_registry::datacenter, word(), "where services are looked up, if not the agent's"),
        section("tls", &consul_registry::tls, tls_keys(), "TLS towards an `https://` address"),
        value("ttl", &consul_registry::ttl, duration(seconds{2}, minutes{10}),
              "after such a silence the check of a registered instance fails"),
    };
}

std::vector<setting> kubernetes_keys() {
    return {
        value("api", &kubernetes_registry::api, base_url(),
              "the API server; by default what KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name"),
        value("namespace", &kubernetes_registry::name_space, word(), "namespace of services, if not the pod's own"),
        value("token_file", &kubernetes_registry::token_file, path(),
              "file with the bearer token, read again when due"),
        value("ca", &kubernetes_registry::ca, path(), "PEM file of the roots that the API server is trusted by"),
    };
}

std::vector<setting> dns_keys() {
    return {
        list("servers", &dns_registry::servers, target_address(),
             "DNS servers as `address:port`, asked in turn for names as they are written; by default those of the "
             "machine, with its search domains"),
        value("stale", &dns_registry::stale, duration(seconds{0}, hours{168}),
              "how long the last answer stays in use while DNS can't be asked; 0: for ever"),
    };
}

}  // namespace

std::vector<setting> tls_keys() {
    return {
        value("ca", &tls_client::ca, path(), "PEM file of the roots to trust, instead of the system's"),
        value("certificate", &tls_client::certificate, path(), "PEM chain that this side shows to the peer"),
        value("key", &tls_client::key, path(), "PEM private key of `certificate`"),
        value("server_name", &tls_client::server_name, word(),
              "name that is asked for (SNI) and verified, instead of the host connected to"),
    };
}

setting discover_setting() {
    return optional_section("discover", &upstream::discover, discover_keys(),
                            "instead of `endpoints`: a registry that names its members while the sidecar runs")
        .with_shorthand("by");
}

setting registries_setting() {
    return section(
        "registries", &settings::registries,
        {
            optional_section("etcd", &registries::etcd, etcd_keys(), "etcd 3, by its JSON gateway"),
            optional_section("consul", &registries::consul, consul_keys(), "Consul"),
            optional_section("kubernetes", &registries::kubernetes, kubernetes_keys(),
                             "the EndpointSlices of Kubernetes services"),
            section("dns", &registries::dns, dns_keys(), "A, AAAA and SRV records, each for its time to live"),
            section("file", &registries::file,
                    {value("path", &file_registry::path, path(),
                           "the verdict on the application is written there as JSON whenever it changes")},
                    "the verdict as a file"),
        },
        "where upstreams with `discover` are looked up, and where the application is made known");
}

setting advertise_setting() {
    return value("advertise", &settings::advertise, optional_target_address(),
                 "`host:port` under which others reach the application through its sidecar, as registries are told; by "
                 "default the first inbound listener, where that has an address of its own");
}

}  // namespace outrider::config
