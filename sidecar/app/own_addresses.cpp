#include "sidecar/app/own_addresses.hpp"

#include <algorithm>
#include <vector>

#include <ifaddrs.h>

#include "sidecar/http/connector.hpp"

namespace outrider::app {
namespace {

/// Every address of this machine, for listeners that listen on all of them.
std::vector<net::tcp_endpoint> own_addresses(std::uint16_t port) {
    std::vector<net::tcp_endpoint> out;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return out;
    for (auto* entry = list; entry; entry = entry->ifa_next) {
        if (!entry->ifa_addr) continue;
        if (entry->ifa_addr->sa_family == AF_INET) {
            auto* raw = reinterpret_cast<sockaddr_in*>(entry->ifa_addr);
            out.emplace_back(boost::asio::ip::make_address_v4(ntohl(raw->sin_addr.s_addr)), port);
        } else if (entry->ifa_addr->sa_family == AF_INET6) {
            auto* raw = reinterpret_cast<sockaddr_in6*>(entry->ifa_addr);
            boost::asio::ip::address_v6::bytes_type bytes;
            std::copy(std::begin(raw->sin6_addr.s6_addr), std::end(raw->sin6_addr.s6_addr), bytes.begin());
            out.emplace_back(boost::asio::ip::make_address_v6(bytes), port);
        }
    }
    ::freeifaddrs(list);
    return out;
}

}  // namespace

void guard_own(governance::egress_policy& egress, const net::tcp_endpoint& listener) {
    egress.add_own(http::destination_of(listener));
    if (!listener.address().is_unspecified()) return;
    for (const auto& address : own_addresses(listener.port())) egress.add_own(http::destination_of(address));
}

}  // namespace outrider::app
