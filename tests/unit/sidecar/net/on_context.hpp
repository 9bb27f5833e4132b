#pragma once

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>

#include "sidecar/net/timer_wheel.hpp"

namespace outrider::net {

/// Runs coroutines of a test on an io_context of its own, on the calling thread.
class on_context {
  public:
    executor get_executor() { return context.get_executor(); }

    /// Runs `work` to its end. A test that hangs fails after ten seconds instead.
    void run(awaitable<void> work) {
        bool ended = false;
        std::exception_ptr escaped;
        asio::co_spawn(context, std::move(work), [&](std::exception_ptr e) {
            ended = true;
            escaped = e;
        });
        context.restart();
        auto until = steady_clock::now() + std::chrono::seconds{10};
        while (!ended && steady_clock::now() < until) context.run_one_until(until);
        if (escaped) std::rethrow_exception(escaped);
        if (!ended) throw std::runtime_error("the test's coroutine hangs");
    }

    asio::io_context context;
};

}  // namespace outrider::net
