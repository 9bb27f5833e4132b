#pragma once

#include <memory>

#include "governance/clock.hpp"
#include "governance/outcome.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

class concurrency_limiter;

/// One exchange that waits for a slot. `on_granted` is called at most once, on whatever thread gave the slot free, and
/// must only pass a message on; the slot is then held. Neither moved nor destroyed while queued: withdraw() first.
struct slot_waiter {
    void (*on_granted)(slot_waiter* self) = nullptr;
    void* owner = nullptr;

    // Belongs to the limiter, under its lock.
    slot_waiter* next = nullptr;
    slot_waiter* previous = nullptr;
    governance::priority priority = governance::priority::normal;
    bool queued = false;
    bool granted = false;
};

/// Exchanges under way at once, over all workers, exactly: fixed (a bulkhead), or found out from round-trip times.
///
/// Adaptive: a long average of the round-trip time against a short one gives a gradient, the limit follows it smoothed,
/// with room for a queue (Netflix's gradient2). Samples taken while fewer than half of the slots were in use say
/// nothing about the limit and are left out.
///
/// The queue is bounded; the highest priority goes first, and within it who came first. A full queue sheds its lowest
/// priority, last come, for a higher one.
class concurrency_limiter {
  public:
    concurrency_limiter(const concurrency_rule& rule, time_point created);
    ~concurrency_limiter();
    concurrency_limiter(const concurrency_limiter&) = delete;
    concurrency_limiter& operator=(const concurrency_limiter&) = delete;

    enum class verdict : std::uint8_t { go, wait, refuse };
    /// @param waiter  null: never waits. With verdict `wait` it is queued until granted or withdrawn; one that is shed
    /// is called
    ///                with granted == false.
    verdict enter(priority of, slot_waiter* waiter, time_point now);
    /// Takes a waiter out of the queue. @return true when it had been granted a slot meanwhile, which is then the
    /// caller's
    bool withdraw(slot_waiter& waiter);
    /// Gives a slot back, and to the first in the queue.
    /// @param took  round-trip time of the exchange, for success and failure
    void leave(outcome how, nanoseconds took, time_point now);

    struct view {
        std::uint32_t limit = 0;
        std::uint32_t under_way = 0;
        std::uint32_t waiting = 0;
        std::uint64_t shed = 0;
    };
    view look() const;

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace outrider::governance
