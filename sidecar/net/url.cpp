#include "sidecar/net/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace outrider::net {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view lower) {
    if (text.size() < lower.size()) return false;
    return std::equal(lower.begin(), lower.end(), text.begin(),
                      [](char l, char t) { return l == (t >= 'A' && t <= 'Z' ? t + 32 : t); });
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
}

bool is_ipv6_character(char c) {
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    return port;
}

/// Splits "host[:port]" or "[v6][:port]" into `into`, whose port holds the scheme's default.
std::optional<url_error> parse_authority(std::string_view authority, url& into) {
    if (authority.find('@') != std::string_view::npos) return url_error::user_info;
    std::string_view rest;
    if (authority.starts_with('[')) {
        const auto end = authority.find(']');
        if (end == std::string_view::npos) return url_error::host;
        into.host = authority.substr(1, end - 1);
        rest = authority.substr(end + 1);
        if (!std::all_of(into.host.begin(), into.host.end(), is_ipv6_character)) return url_error::host;
        if (into.host.find(':') == std::string::npos) return url_error::host;
    } else {
        const auto end = std::min(authority.find(':'), authority.size());
        into.host = authority.substr(0, end);
        rest = authority.substr(end);
        if (!std::all_of(into.host.begin(), into.host.end(), is_host_character)) return url_error::host;
    }
    if (into.host.empty()) return url_error::host;
    if (rest.empty()) return std::nullopt;
    if (rest.front() != ':') return url_error::host;
    if (rest.size() == 1) return std::nullopt;  // "host:" is the default port (RFC 3986, 3.2.3)
    const auto port = parse_port(rest.substr(1));
    if (!port) return url_error::port;
    into.port = *port;
    return std::nullopt;
}

}  // namespace

const char* describe(url_error error) {
    switch (error) {
        case url_error::scheme:
            return "a URL begins with http:// or https://";
        case url_error::user_info:
            return "user:password@ in a URL is not supported, use a header";
        case url_error::host:
            return "the host of the URL is missing or malformed";
        case url_error::port:
            return "the port of the URL is not a number from 1 to 65535";
        case url_error::character:
            return "the URL has a blank or a control character";
    }
    return "not a URL";
}

std::string url::authority() const {
    std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

std::string url::text() const { return (tls ? "https://" : "http://") + authority() + target; }

boost::system::result<url, url_error> parse_url(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; }))
        return url_error::character;
    url out;
    if (starts_with_ignoring_case(text, "https://")) {
        out.tls = true;
        out.port = 443;
        text.remove_prefix(8);
    } else if (starts_with_ignoring_case(text, "http://")) {
        text.remove_prefix(7);
    } else {
        return url_error::scheme;
    }
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    if (const auto error = parse_authority(text.substr(0, end), out)) return *error;
    auto target = text.substr(end);
    target = target.substr(0, target.find('#'));
    if (!target.empty()) out.target = target.front() == '/' ? std::string(target) : "/" + std::string(target);
    return out;
}

}  // namespace outrider::net
