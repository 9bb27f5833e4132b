#include "sidecar/net/http_server_guard.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>
#include <openssl/crypto.h>

namespace outrider::net {

namespace {

/// The host of "host", "host:port", "[v6]" and "[v6]:port", without brackets.
std::string_view host_of(std::string_view authority) {
    if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
    if (std::count(authority.begin(), authority.end(), ':') > 1) return authority;  // a bare IPv6 address
    return authority.substr(0, authority.find(':'));
}

bool same_name(std::string_view a, std::string_view b) { return boost::beast::iequals(a, b); }

}  // namespace

host_guard::host_guard(std::string_view listen_host, std::vector<std::string> names) : names_(std::move(names)) {
    for (auto& name : names_) name = std::string{host_of(name)};
    names_.insert(names_.end(), {"localhost", "127.0.0.1", "::1", std::string{host_of(listen_host)}});
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(std::string{host_of(listen_host)}, ec);
    any_literal_ = !ec && address.is_unspecified();
}

bool host_guard::allows(std::string_view host) const {
    const auto name = host_of(host);
    if (name.empty()) return false;
    if (std::any_of(names_.begin(), names_.end(), [&](const auto& allowed) { return same_name(allowed, name); }))
        return true;
    if (!any_literal_) return false;
    boost::system::error_code ec;
    boost::asio::ip::make_address(std::string{name}, ec);
    return !ec;
}

bool is_loopback_host(std::string_view host) {
    if (same_name(host, "localhost")) return true;
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(std::string{host_of(host)}, ec);
    return !ec && address.is_loopback();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace outrider::net
