#include "sidecar/net/tcp.hpp"

#include <fstream>
#include <string>

#include <netinet/tcp.h>

#include "sidecar/net/own_mark.hpp"

namespace outrider::net {
namespace {

/// Of this network namespace, when it is first asked.
bool default_congestion_control_paces() {
    static const bool paces = [] {
        std::ifstream file{"/proc/sys/net/ipv4/tcp_congestion_control"};
        std::string name;
        return file >> name && name.starts_with("bbr");
    }();
    return paces;
}

}  // namespace

void set_tcp_options(int descriptor, const tcp_endpoint& where) {
    int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Every kernel has "reno", and every user may choose it.
    static constexpr char reno[] = "reno";
    if (where.address().is_loopback() && default_congestion_control_paces())
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof reno - 1);
}

awaitable<error_code> connect(socket& socket, const tcp_endpoint& to) {
    error_code ec;
    socket.open(asio::generic::stream_protocol(to.protocol().family(), IPPROTO_TCP), ec);
    if (ec) co_return ec;
    set_tcp_options(socket.native_handle(), to);
    mark_as_own(socket.native_handle());
    socket.native_non_blocking(true, ec);
    if (ec) co_return ec;
    std::tie(ec) = co_await socket.async_connect(asio::generic::stream_protocol::endpoint(to), use_tuple);
    co_return ec;
}

}  // namespace outrider::net
