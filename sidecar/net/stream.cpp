#include "sidecar/net/stream.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>

#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "sidecar/net/direct_call.hpp"

namespace outrider::net {
namespace {

constexpr std::size_t most_buffers = 4;

error_code last_error() { return {errno, boost::system::system_category()}; }

/// The views of `from` after its first `done` bytes.
std::size_t remaining(std::span<const asio::const_buffer> from, std::size_t done,
                      std::array<asio::const_buffer, most_buffers>& out) {
    std::size_t count = 0;
    for (const auto& part : from) {
        if (done >= part.size()) {
            done -= part.size();
            continue;
        }
        out[count++] = part + done;
        done = 0;
        if (count == out.size()) break;
    }
    return count;
}

std::size_t send_plain(int fd, std::span<const asio::const_buffer> from, error_code& ec) {
    std::array<iovec, most_buffers> parts;
    std::size_t count = 0;
    for (const auto& part : from)
        if (part.size() > 0 && count < parts.size()) parts[count++] = {const_cast<void*>(part.data()), part.size()};
    ssize_t sent = 0;
    do {
        if (count == 1) {
            sent = direct_send(fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        } else {
            msghdr message{};
            message.msg_iov = parts.data();
            message.msg_iovlen = count;
            sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno != EAGAIN && errno != EWOULDBLOCK) ec = last_error();
    return 0;
}

}  // namespace

std::size_t stream::write_now(std::span<const asio::const_buffer> from, error_code& ec) {
    if (layer_) return layer_->write_now(socket_, from, ec);
    return send_plain(socket_.native_handle(), from, ec);
}

awaitable<error_code> stream::write_rest(std::span<const asio::const_buffer> from, std::size_t done, const bool* over) {
    error_code ec;
    std::array<asio::const_buffer, most_buffers> rest;
    while (auto count = remaining(from, done, rest)) {
        auto sent = write_now({rest.data(), count}, ec);
        if (ec) co_return ec;
        done += sent;
        if (sent > 0) continue;
        if (over && *over) co_return asio::error::operation_aborted;
        if (layer_) {
            ec = co_await layer_->wait_writable(socket_);
        } else {
            std::tie(ec) = co_await socket_.async_wait(net::socket::wait_write, use_tuple);
        }
        if (ec) co_return ec;
    }
    co_return error_code{};
}

awaitable<error_code> stream::write(asio::const_buffer from) { co_return co_await write_rest({&from, 1}, 0); }

bool stream::quiet_and_open() {
    if (layer_ && layer_->holds_input()) return false;
    char byte;
    auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool stream::was_reset() {
    pollfd state{socket_.native_handle(), 0, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

bool stream::has_ended() {
    pollfd state{socket_.native_handle(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP | POLLRDHUP)) != 0;
}

void stream::cancel() {
    error_code ignored;
    socket_.cancel(ignored);
}

void stream::shutdown_send() {
    if (layer_) layer_->shutdown_send(socket_);
    error_code ignored;
    socket_.shutdown(net::socket::shutdown_send, ignored);
}

void stream::close() {
    error_code ignored;
    socket_.close(ignored);
}

void stream::reset() {
    if (!socket_.is_open()) return;
    linger hard{1, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
}

std::pair<stream, stream> connected_pair(executor ex) {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) throw std::runtime_error("socketpair failed");
    asio::generic::stream_protocol protocol(AF_UNIX, 0);
    return {stream{net::socket{ex, protocol, fds[0]}}, stream{net::socket{ex, protocol, fds[1]}}};
}

}  // namespace outrider::net
