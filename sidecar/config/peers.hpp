#pragma once

#include <cstdint>
#include <string>

namespace outrider::config {

/// A place to listen on or to connect to. `host` is a name, an IPv4 or an IPv6 address without brackets.
struct endpoint {
    std::string host;
    std::uint16_t port = 0;
    bool operator==(const endpoint&) const = default;
    /// "host:port", IPv6 in brackets.
    std::string text() const;
};

/// One member of an upstream: `http` or `https`, host, port (80 and 443 by default).
struct upstream_endpoint {
    endpoint address;
    bool tls = false;
    bool operator==(const upstream_endpoint&) const = default;
};

/// How TLS towards a peer is set up. Empty paths: the system's CAs, no client certificate.
struct tls_client {
    std::string ca;           ///< PEM file of trusted roots; replaces the system's
    std::string certificate;  ///< PEM chain that identifies us
    std::string key;          ///< PEM private key of `certificate`
    std::string server_name;  ///< SNI and verified name; default: the host that is connected to
    bool operator==(const tls_client&) const = default;
};

}  // namespace outrider::config
