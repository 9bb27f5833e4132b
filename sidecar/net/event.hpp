#pragma once

#include "sidecar/net/timer_wheel.hpp"

namespace outrider::net {

/// Lets one coroutine wait for another on the same thread. Set once, waited for once.
class event {
  public:
    explicit event(executor ex) : timer_(ex, steady_clock::time_point::max()) {}
    void set() {
        set_ = true;
        timer_.cancel();
    }
    bool is_set() const { return set_; }
    awaitable<void> wait() {
        while (!set_) co_await timer_.async_wait(use_tuple);
    }

  private:
    steady_timer timer_;
    bool set_ = false;
};

}  // namespace outrider::net
