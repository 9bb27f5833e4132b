#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/config/peers.hpp"

namespace outrider::config {

using std::chrono::milliseconds;

/// Who knows the members of an upstream.
enum class directory { none, etcd, consul, kubernetes, dns, file };

/// An upstream whose members a registry names.
struct discovery {
    directory by = directory::none;  ///< once loaded: never none
    std::string service;             ///< as the registry knows it; once loaded: never empty, except by file
    std::string port;                ///< of a Kubernetes service with several: its name or number; empty: its only one
    bool tls = false;                ///< its members speak TLS, whatever the registry says
    std::string file;                ///< by file: its path
    /// How long a list goes on that cannot be asked for again; 0: for ever. Once loaded: never missing.
    std::optional<milliseconds> stale;
};

/// etcd 3, by its JSON gateway.
struct etcd_registry {
    std::vector<std::string> endpoints;  ///< base URLs, asked in turn
    bool registers = false;              ///< the application is made known there
    std::string prefix = "/outrider/";   ///< of the keys
    std::string user;
    std::string password;
    tls_client tls;
    milliseconds ttl{10'000};  ///< of the lease: after it, an instance that says nothing any more is gone
};

/// Consul, by its HTTP API; usually the agent on this machine.
struct consul_registry {
    std::string address = "http://127.0.0.1:8500";
    bool registers = false;
    std::string token;
    std::string datacenter;  ///< empty: the agent's own
    tls_client tls;
    milliseconds ttl{10'000};  ///< of the check
};

/// Kubernetes, by its API server. Readiness goes there by /readyz, so nothing is registered.
struct kubernetes_registry {
    std::string api;         ///< base URL; once loaded: from KUBERNETES_SERVICE_HOST where none is given
    std::string name_space;  ///< empty: that of the pod
    std::string token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    std::string ca = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
};

/// DNS, asked by ourselves: with the time to live of each answer, and SRV.
struct dns_registry {
    std::vector<endpoint> servers;  ///< by address; empty: those of the machine
    milliseconds stale{300'000};    ///< of every upstream that says nothing else
};

/// A file that the verdict on the application is written to.
struct file_registry {
    std::string path;  ///< empty: none
};

/// The registries that upstreams are looked up in, and that the application is made known to.
struct registries {
    std::optional<etcd_registry> etcd;
    std::optional<consul_registry> consul;
    std::optional<kubernetes_registry> kubernetes;  ///< once loaded: there where an upstream asks it
    dns_registry dns;
    file_registry file;
    bool any_registers() const { return (etcd && etcd->registers) || (consul && consul->registers); }
};

}  // namespace outrider::config
