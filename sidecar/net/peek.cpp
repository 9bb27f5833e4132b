#include "sidecar/net/peek.hpp"

#include <sys/socket.h>

namespace outrider::net {

peek::~peek() {
    if (woken_late_ && of_.is_open()) wake_at(1);
}

/// The kernel calls a socket readable from so many bytes on, and at the end of the stream; without that, what was left
/// there unread would make every wait end at once.
void peek::wake_at(std::size_t bytes) {
    const int count = static_cast<int>(bytes);
    ::setsockopt(of_.lower().native_handle(), SOL_SOCKET, SO_RCVLOWAT, &count, sizeof count);
    woken_late_ = bytes > 1;
}

/// @return whether there is more than was seen before
bool peek::look() {
    const auto before = seen_;
    const auto got = ::recv(of_.lower().native_handle(), into_.data(), into_.size(), MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) seen_ = static_cast<std::size_t>(got);
    return seen_ > before;
}

awaitable<bool> peek::more() {
    if (full()) co_return false;
    bool more = look();
    if (more) co_return true;
    if (seen_ > 0) wake_at(seen_ + 1);
    auto [ec] = co_await of_.lower().async_wait(net::socket::wait_read, use_tuple);
    if (ec) co_return false;
    more = look();
    co_return more;
}

}  // namespace outrider::net
