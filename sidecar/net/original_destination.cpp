#include "sidecar/net/original_destination.hpp"

#include <netinet/in.h>

namespace outrider::net {
namespace {

/// Of linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h, which do not go together with netinet/in.h.
constexpr int original_dst = 80;

}  // namespace

std::optional<tcp_endpoint> original_destination(int descriptor) {
    const auto local = local_end(descriptor);
    const int level = local.address().is_v6() ? IPPROTO_IPV6 : IPPROTO_IP;
    sockaddr_storage raw{};
    socklen_t size = local.address().is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    // Without connection tracking there is no redirection either.
    if (::getsockopt(descriptor, level, original_dst, &raw, &size) != 0) return std::nullopt;
    auto found = endpoint_in(raw, size);
    if (found.port() == 0 || found == local) return std::nullopt;
    return found;
}

}  // namespace outrider::net
