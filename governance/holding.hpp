#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "governance/clock.hpp"

namespace outrider::governance {

/// Whether probes found one endpoint down, and whether it is left out for it: the share that may be out decides, so a
/// balancer does. Any thread; calls that change it are serialised by the caller.
class holding {
  public:
    explicit holding(time_point created) : back_(created) {}

    /// What probes say. @param why  empty where it is not down
    void mark(bool down, std::string why, time_point now) {
        const std::lock_guard held(lock_);
        if (down && !seen_.down) seen_.since = now;
        seen_.down = down;
        seen_.why = down ? std::move(why) : std::string{};
    }
    void leave_out(bool out, time_point now) {
        if (out_.load(std::memory_order_relaxed) == out) return;
        if (!out) back_.store(now, std::memory_order_release);
        out_.store(out, std::memory_order_release);
    }

    bool out() const { return out_.load(std::memory_order_acquire); }
    /// When it was let in again last, or created.
    time_point back() const { return back_.load(std::memory_order_acquire); }

    struct view {
        bool down = false;
        std::string why;   ///< "Connection refused"
        time_point since;  ///< of being down
    };
    view look() const {
        const std::lock_guard held(lock_);
        return seen_;
    }

  private:
    std::atomic<bool> out_{false};
    std::atomic<time_point> back_;
    mutable std::mutex lock_;
    view seen_;
};

}  // namespace outrider::governance
