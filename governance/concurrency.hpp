#pragma once

#include <memory>

#include "governance/clock.hpp"
#include "governance/outcome.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

class concurrency_limiter;

/// One exchange that waits for a slot. `on_granted` is called at most once, on whatever thread gave the slot free, with
/// the limiter's lock held: it must only pass a message on, and call no limiter. `granted` says whether a slot is held
/// now, or the waiter was shed. Neither moved nor destroyed while queued: withdraw() first.
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

/// Exchanges under way at once, over all workers, exactly: fixed (a bulkhead), or found out from round-trip times
/// (gradient.hpp). Any thread. With nobody waiting, to enter and to leave is one compare-and-swap each.
///
/// The queue is bounded; the highest priority goes first, and within it who came first. A full queue sheds its lowest
/// priority, last come, for a higher one. A free slot and somebody waiting who may have it never last together.
///
/// From ten slots on the last ones are kept for those who matter more: `low` finds 80% of the slots (rounded up),
/// `normal` 95%, `high` and `critical` all. They are kept only while a higher priority did ask within the last ten
/// seconds: who gives no priorities has all the slots that he wrote. With fewer than ten slots one slot would be too
/// large a share; there priorities have the queue.
class concurrency_limiter {
  public:
    concurrency_limiter(const concurrency_rule& rule, time_point created);
    ~concurrency_limiter();
    concurrency_limiter(const concurrency_limiter&) = delete;
    concurrency_limiter& operator=(const concurrency_limiter&) = delete;

    enum class verdict : std::uint8_t { go, wait, refuse };
    /// @param waiter  null: never waits. With verdict `wait` it is queued until granted, shed (called with `granted`
    ///                false, holding nothing) or withdrawn
    verdict enter(priority of, slot_waiter* waiter, time_point now);
    /// Takes a waiter out of the queue. Its call, if any, has been made when this returns, and none follows: a message
    /// that is still on its way is to be ignored.
    /// @return true when it had been granted a slot meanwhile, which is then the caller's to give back
    bool withdraw(slot_waiter& waiter);
    /// Gives a slot back, and to the first in the queue.
    /// @param took  round-trip time from having the slot to the end, for success and failure: time spent waiting for
    /// the
    ///              slot would be taken for a queue upstream
    void leave(outcome how, nanoseconds took, time_point now);

    /// Of one moment, but for `shed`. A limit that went down may be below what is still under way.
    struct view {
        std::uint32_t limit = 0;
        std::uint32_t under_way = 0;
        std::uint32_t waiting = 0;
        std::uint64_t shed = 0;  ///< refused, or put out of the queue for a higher priority
    };
    view look() const;

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace outrider::governance
