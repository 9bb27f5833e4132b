#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace outrider::governance {

/// Whether the store that a fleet's limits are kept in (Redis) answers, as its client last found out. Shared by the
/// client's thread, which writes it, and all limits of the fleet, which read it. Any thread.
///
/// Each change begins a new epoch: what was heard in an older one may have been forgotten by the store since.
class fleet_link {
  public:
    struct state {
        bool up = false;
        std::uint32_t epoch = 0;
    };
    /// @param wake  called when a limit has something to ask; must only pass a message on
    explicit fleet_link(double replicas, std::function<void()> wake = {})
        : replicas_(replicas), wake_(std::move(wake)) {}

    state look() const {
        const auto word = word_.load(std::memory_order_acquire);
        return {(word & 1) != 0, word};
    }
    /// The client's thread only.
    void set_up(bool up) {
        if (look().up != up) word_.fetch_add(1, std::memory_order_acq_rel);
    }
    /// How many sidecars share what is left when the store does not answer; at least 1.
    double replicas() const { return replicas_.load(std::memory_order_relaxed); }
    void set_replicas(double count) { replicas_.store(count < 1 ? 1 : count, std::memory_order_relaxed); }
    void wake() const {
        if (wake_) wake_();
    }

  private:
    std::atomic<std::uint32_t> word_{0};  ///< odd: up; the number is the epoch
    std::atomic<double> replicas_;
    std::function<void()> wake_;
};

}  // namespace outrider::governance
