#include "sidecar/config/endpoint.hpp"

#include <algorithm>

#include <arpa/inet.h>

#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

bool is_ipv6(const std::string& host) {
    in6_addr address{};
    const auto zone = host.find('%');
    return inet_pton(AF_INET6, host.substr(0, zone).c_str(), &address) == 1;
}

bool is_ipv4(const std::string& host) {
    in_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

complaint check_name(const std::string& host) {
    if (host.find_first_not_of("0123456789.") == std::string::npos && !is_ipv4(host)) {
        return "'" + host + "' is not an IPv4 address";
    }
    if (!std::all_of(host.begin(), host.end(), is_name_character) || host.front() == '-' || host.front() == '.' ||
        host.size() > 253) {
        return "'" + host + "' is not a host name";
    }
    return {};
}

/// The host of "host:port" or "[v6]:port" and what follows it, colon included.
complaint split(std::string_view text, std::string& host, std::string_view& rest) {
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return "'" + std::string{text} + "' has no closing ']'";
        host = text.substr(1, close - 1);
        rest = text.substr(close + 1);
        return is_ipv6(host) ? complaint{} : "'" + host + "' is not an IPv6 address";
    }
    if (std::count(text.begin(), text.end(), ':') > 1) {
        return is_ipv6(std::string{text}) ? "write an IPv6 address in brackets: [" + std::string{text} + "]:PORT"
                                          : "'" + std::string{text} + "' is not host:port";
    }
    const auto colon = std::min(text.find(':'), text.size());
    host = text.substr(0, colon);
    rest = text.substr(colon);
    return host.empty() ? complaint{} : check_name(host);
}

complaint parse_port(std::string_view text, bool zero_allowed, std::uint16_t& out) {
    const auto port = parse_count(text);
    if (!port || *port > 65'535 || (*port == 0 && !zero_allowed)) {
        return "'" + std::string{text} + "' is not a port; a port is a number from " + (zero_allowed ? "0" : "1") +
               " to 65535";
    }
    out = static_cast<std::uint16_t>(*port);
    return {};
}

std::string with_host(std::string_view host, std::string_view port) {
    return std::string{host}.append(":").append(port);
}

complaint parse_address(std::string_view text, bool listener, endpoint& out) {
    if (text.find("://") != std::string_view::npos) {
        return "'" + std::string{text} + "' is a URL; write host:port, such as 127.0.0.1:8080";
    }
    if (parse_count(text)) {
        return "'" + std::string{text} + "' is a port alone; write " + with_host("127.0.0.1", text) +
               (listener ? " for this machine only or " + with_host("0.0.0.0", text) + " for every interface" : "");
    }
    std::string_view rest;
    if (auto wrong = split(text, out.host, rest); !wrong.empty()) return wrong;
    if (out.host.empty() && rest.size() > 1) {
        const auto port = rest.substr(1);
        return "'" + std::string{text} + "' has no host; write " + with_host("127.0.0.1", port) +
               (listener ? " for this machine only or " + with_host("0.0.0.0", port) + " for every interface" : "");
    }
    if (!rest.starts_with(':') || rest.size() == 1 || out.host.empty()) {
        return "'" + std::string{text} + "' has no port; write host:port, such as 127.0.0.1:8080";
    }
    return parse_port(rest.substr(1), listener, out.port);
}

}  // namespace

std::string endpoint::text() const {
    const bool brackets = host.find(':') != std::string::npos;
    return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

complaint parse_listen(std::string_view text, endpoint& out) { return parse_address(text, true, out); }

complaint parse_target(std::string_view text, endpoint& out) {
    if (auto wrong = parse_address(text, false, out); !wrong.empty()) return wrong;
    return is_any(out) ? "'" + out.host + "' is an address to listen on, not one to connect to; write 127.0.0.1" : "";
}

complaint parse_upstream_endpoint(std::string_view text, upstream_endpoint& out) {
    const auto scheme_end = text.find("://");
    std::string_view address = text;
    out.tls = false;
    if (scheme_end != std::string_view::npos) {
        const auto scheme = text.substr(0, scheme_end);
        if (scheme != "http" && scheme != "https") {
            return "scheme '" + std::string{scheme} + "' is not spoken; write http:// or https://";
        }
        out.tls = scheme == "https";
        address = text.substr(scheme_end + 3);
        if (address.ends_with('/')) address.remove_suffix(1);
    }
    if (address.find_first_of("/?#") != std::string_view::npos) {
        return "'" + std::string{text} + "' has a path; an endpoint is [https://]host[:port]";
    }
    if (address.find('@') != std::string_view::npos) return "an endpoint carries no user or password";
    if (scheme_end == std::string_view::npos && parse_count(address)) {
        return "'" + std::string{text} + "' is a port alone; write host:port";
    }
    std::string_view rest;
    if (auto wrong = split(address, out.address.host, rest); !wrong.empty()) return wrong;
    if (out.address.host.empty()) return "'" + std::string{text} + "' has no host; write host:port";
    if (is_any(out.address)) {
        return "'" + out.address.host + "' is an address to listen on, not one to connect to; write 127.0.0.1";
    }
    if (rest.empty()) {
        out.address.port = out.tls ? 443 : 80;
        return {};
    }
    if (!rest.starts_with(':')) return "'" + std::string{text} + "' is not host:port";
    return parse_port(rest.substr(1), false, out.address.port);
}

std::string to_text(const upstream_endpoint& member) { return (member.tls ? "https://" : "") + member.address.text(); }

bool is_loopback(const endpoint& address) {
    in_addr v4{};
    if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    if (inet_pton(AF_INET6, address.host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
    return address.host == "localhost";
}

bool is_any(const endpoint& address) {
    in_addr v4{};
    if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return v4.s_addr == 0;
    in6_addr v6{};
    return inet_pton(AF_INET6, address.host.c_str(), &v6) == 1 && IN6_IS_ADDR_UNSPECIFIED(&v6);
}

}  // namespace outrider::config
