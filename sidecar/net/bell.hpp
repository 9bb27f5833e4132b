#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace outrider::net {

/// Wakes one thread that waits for work. Ringing it again before it was heard costs one atomic exchange.
class bell {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    void ring() {
        if (rung_.exchange(true, std::memory_order_acq_rel)) return;
        const std::lock_guard lock(mutex_);
        changed_.notify_one();
    }
    /// Returns when it was rung since the last call, at the latest `until`.
    void wait(time_point until) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return rung_.load(std::memory_order_acquire) || closed(); });
        rung_.store(false, std::memory_order_release);
    }
    /// Returns when it is closed, at the latest `until`.
    void sleep(time_point until) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return closed(); });
    }
    void close() {
        closed_.store(true, std::memory_order_release);
        const std::lock_guard lock(mutex_);
        changed_.notify_one();
    }
    bool closed() const { return closed_.load(std::memory_order_acquire); }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<bool> rung_{false}, closed_{false};
};

}  // namespace outrider::net
