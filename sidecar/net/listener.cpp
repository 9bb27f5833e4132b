#include "sidecar/net/listener.hpp"

#include <cstring>
#include <stdexcept>

#include <linux/filter.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "sidecar/net/log.hpp"
#include "sidecar/net/tcp.hpp"
#include "sidecar/net/timer_wheel.hpp"

namespace outrider::net {
namespace {

constexpr int backlog = 4096;
/// For handshakes that are under way when a listener ends.
constexpr std::chrono::milliseconds handshakes_take{50};

[[noreturn]] void fail(const tcp_endpoint& where, const std::string& setting, const char* step) {
    auto reason = errno;
    std::string hint = reason == EADDRINUSE
                           ? "; another process listens there: choose another address with '" + setting + "'"
                       : reason == EACCES        ? "; ports below 1024 need the capability CAP_NET_BIND_SERVICE"
                       : reason == EADDRNOTAVAIL ? "; no interface of this machine has that address"
                                                 : "";
    throw std::runtime_error("cannot listen on " + text_of(where) + " (setting '" + setting + "'): " + step + ": " +
                             std::strerror(reason) + hint);
}

/// From now on the kernel drops whoever begins a handshake; those under way come to their end. Without that, one that
/// is complete between the last accept and the close is reset, and its request is lost.
void take_no_new_handshakes(int listener) {
    constexpr std::uint32_t flags_at = 13, syn = 0x02, drop = 0, pass = 0xFFFF'FFFF;
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, flags_at),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, syn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, drop),
        BPF_STMT(BPF_RET | BPF_K, pass),
    };
    sock_fprog filter{std::size(program), program};
    if (::setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
        spdlog::debug("a listener that closes cannot hold off new connections: {}", std::strerror(errno));
}

}  // namespace

listening_socket listening_socket::open(const tcp_endpoint& where, const std::string& setting, bool shared) {
    return open_on(where, setting, shared, nullptr, !where.address().is_unspecified());
}

listening_socket listening_socket::open_loopback(std::uint16_t port, const std::string& setting, bool shared) {
    return open_on({asio::ip::address_v4::any(), port}, setting, shared, "lo", true);
}

listening_socket listening_socket::open_family(const tcp_endpoint& where, const std::string& setting, bool shared) {
    return open_on(where, setting, shared, nullptr, true);
}

bool listening_socket::has_address(const asio::ip::address& address) {
    const tcp_endpoint where{address, 0};
    const listening_socket probe{::socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return probe.descriptor_ >= 0 && ::bind(probe.descriptor_, where.data(), static_cast<socklen_t>(where.size())) == 0;
}

void listening_socket::expect_free(const tcp_endpoint& where, const std::string& setting) {
    (void)bound_on(where, setting, false, nullptr, !where.address().is_unspecified());
}

void listening_socket::expect_free_family(const tcp_endpoint& where, const std::string& setting) {
    (void)bound_on(where, setting, false, nullptr, true);
}

void listening_socket::expect_free_loopback(std::uint16_t port, const std::string& setting) {
    (void)bound_on({asio::ip::address_v4::any(), port}, setting, false, "lo", true);
}

listening_socket listening_socket::open_on(const tcp_endpoint& where, const std::string& setting, bool shared,
                                           const char* device, bool one_family) {
    auto made = bound_on(where, setting, shared, device, one_family);
    if (::listen(made.descriptor_, backlog) != 0) fail(where, setting, "listen");
    return made;
}

listening_socket listening_socket::bound_on(const tcp_endpoint& where, const std::string& setting, bool shared,
                                            const char* device, bool one_family) {
    listening_socket made{::socket(where.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    auto descriptor = made.descriptor_;
    if (descriptor < 0) fail(where, setting, "socket");
    int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared && ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        fail(where, setting, "SO_REUSEPORT");
    if (where.address().is_v6() && one_family) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (device &&
        ::setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, static_cast<socklen_t>(std::strlen(device))) != 0)
        fail(where, setting, "SO_BINDTODEVICE");
    // What is bound to lo is loopback, though its address does not say so.
    set_tcp_options(descriptor, device ? tcp_endpoint{asio::ip::address_v4::loopback(), where.port()} : where);
    if (::bind(descriptor, where.data(), static_cast<socklen_t>(where.size())) != 0) fail(where, setting, "bind");
    return made;
}

listening_socket::~listening_socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

acceptor::acceptor(executor ex, listening_socket from, handler on_connection)
    : executor_(ex),
      listening_(ex, asio::generic::stream_protocol(AF_INET, IPPROTO_TCP), from.release()),
      on_connection_(std::move(on_connection)) {}

void acceptor::start(task_group& group) {
    if (!std::exchange(started_, true)) group.spawn(run());
}

void acceptor::stop() {
    if (std::exchange(stopped_, true)) return;
    take_no_new_handshakes(listening_.native_handle());
    take_waiting(backlog);
    error_code ignored;
    if (started_)
        listening_.cancel(ignored);
    else
        listening_.close(ignored);
}

awaitable<void> acceptor::run() {
    while (!stopped_) {
        auto [ec] = co_await listening_.async_wait(net::socket::wait_read, use_tuple);
        if (ec || stopped_) break;
        // Bounded, so that a flood of connections cannot starve those that are open.
        if (take_waiting(64)) continue;
        steady_timer pause{executor_, std::chrono::milliseconds{50}};
        co_await pause.async_wait(use_tuple);
    }
    steady_timer rest{executor_, handshakes_take};
    co_await rest.async_wait(use_tuple);
    take_waiting(backlog);
    error_code ignored;
    listening_.close(ignored);
}

bool acceptor::take_waiting(int most) {
    for (int taken = 0; taken < most; ++taken) {
        sockaddr_storage peer;
        socklen_t size = sizeof peer;
        auto descriptor = ::accept4(listening_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
            spdlog::warn("cannot accept connections for the moment: {}", std::strerror(errno));
            return false;
        }
        on_connection_(stream{net::socket::accepted(executor_, peer.ss_family, descriptor)}, endpoint_in(peer, size));
    }
    return true;
}

}  // namespace outrider::net
