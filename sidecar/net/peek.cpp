#include "sidecar/net/peek.hpp"

#include <sys/socket.h>

#include "sidecar/net/timer_wheel.hpp"

namespace outrider::net {
namespace {

constexpr std::chrono::milliseconds woken_for_nothing{5};

}  // namespace

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
    // Waits that end without anything to see: only TCP knows how many bytes a reader wants to be woken for.
    steady_timer pause{of_.lower().get_executor()};
    while (!full() && !over_) {
        if (look()) co_return true;
        if (of_.has_ended()) co_return false;
        if (seen_ > 0) wake_at(seen_ + 1);
        auto [failed] = co_await of_.lower().async_wait(net::socket::wait_read, use_tuple);
        if (failed || over_) co_return false;
        if (look()) co_return true;
        pause.expires_after(woken_for_nothing);
        co_await pause.async_wait(use_tuple);
    }
    co_return false;
}

}  // namespace outrider::net
