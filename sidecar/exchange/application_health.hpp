#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace outrider::exchange {

/// What the monitor of health and the workers tell each other of the application. Any thread; a worker's question costs
/// one load.
class application_health {
  public:
    /// Whether traffic for the application is answered here, because it is known to be sick.
    bool sick() const { return sick_.load(std::memory_order_relaxed); }
    /// The reasons, in a line; empty while it is not sick.
    std::string why() const {
        const std::lock_guard lock(mutex_);
        return why_;
    }
    /// Since when it is known to be sick; while it is not, what this says means nothing.
    std::chrono::system_clock::time_point sick_since() const {
        const std::lock_guard lock(mutex_);
        return since_;
    }
    /// The monitor's verdict.
    void say(bool sick, std::string why) {
        {
            const std::lock_guard lock(mutex_);
            why_ = sick ? std::move(why) : std::string{};
            if (sick_.load(std::memory_order_relaxed) == sick) return;
            since_ = std::chrono::system_clock::now();
            // What was held against it before counts no more: nothing was tried since.
            if (!sick) failures_in_a_row_.store(0, std::memory_order_relaxed);
            sick_.store(sick, std::memory_order_relaxed);
        }
        if (on_change) on_change();
    }
    /// Called by who says something new, when it is known to all. Set before anybody says anything.
    std::function<void()> on_change;

    /// Passive signals: how exchanges with it ended. A failure is one of the application's own making: it did not
    /// accept, closed without an answer, or did not answer in time.
    void note(bool success) {
        if (success) {
            if (failures_in_a_row_.load(std::memory_order_relaxed) != 0)
                failures_in_a_row_.store(0, std::memory_order_relaxed);
        } else {
            failures_in_a_row_.fetch_add(1, std::memory_order_relaxed);
        }
    }
    std::uint32_t failures_in_a_row() const { return failures_in_a_row_.load(std::memory_order_relaxed); }

  private:
    std::atomic<bool> sick_{false};
    std::atomic<std::uint32_t> failures_in_a_row_{0};
    mutable std::mutex mutex_;
    std::string why_;
    std::chrono::system_clock::time_point since_;
};

}  // namespace outrider::exchange
