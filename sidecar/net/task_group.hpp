#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "sidecar/net/asio.hpp"

namespace outrider::net {

/// Owns the coroutines of one worker: knows how many run, and what escaped from one. Used on the worker's thread only.
class task_group {
  public:
    explicit task_group(executor ex) : executor_(ex) {}

    /// Runs `task` until it ends; its frame owns everything it was given.
    void spawn(awaitable<void> task) {
        ++running_;
        asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr escaped) {
            if (escaped) ++escaped_;
            if (--running_ == 0 && on_empty_) std::exchange(on_empty_, nullptr)();
        });
    }

    std::size_t running() const { return running_; }
    /// How many tasks ended by an exception: a defect of ours, asserted zero in tests.
    std::size_t escaped() const { return escaped_; }

    /// Calls `done` once, when no task runs any more; at once when none does.
    void when_empty(std::function<void()> done) {
        if (running_ == 0) return done();
        on_empty_ = std::move(done);
    }

  private:
    executor executor_;
    std::size_t running_ = 0;
    std::size_t escaped_ = 0;
    std::function<void()> on_empty_;
};

}  // namespace outrider::net
