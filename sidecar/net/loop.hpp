#pragma once

// What a thread that runs an io_context of its own needs besides asio.hpp.

#include <chrono>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "sidecar/net/asio.hpp"

namespace outrider::net {

/// A timer on the concrete executor. `cancel()` also serves to wake the coroutine that waits for it.
using steady_timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

}  // namespace outrider::net
