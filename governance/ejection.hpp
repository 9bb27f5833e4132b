#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "governance/clock.hpp"
#include "governance/policy.hpp"
#include "governance/reason.hpp"
#include "governance/sliding_window.hpp"

namespace outrider::governance {

/// Whether one endpoint is left out for its failures (what Envoy calls outlier detection): for the rule's time, times
/// how often in a row, to ten times. Any thread. The rule is handed in, for it may change with a reload.
class ejection {
  public:
    explicit ejection(time_point created);

    /// One result. @return failures in a row, this one included; 0 after a success
    std::uint32_t note(bool failed);
    /// Judges it. Calls that began before the endpoint's last return say nothing about it now.
    /// @return whether the endpoint ought to be ejected
    bool due(bool failed, std::uint32_t in_a_row, time_point began, time_point now, const eject_rule& by);
    /// Leaves it out from now on; nothing when it is out already. The caller sees to the share that may be.
    void eject(time_point now, const eject_rule& by);

    bool ejected(time_point now) const { return now < until_.load(std::memory_order_acquire); }
    /// When it came back last, or was created; in the future while it is ejected.
    time_point back() const { return until_.load(std::memory_order_acquire); }

    struct view {
        std::string why;  ///< of the last ejection: "5 failures in a row", "62% of 34 calls failed in 10s"
        std::uint64_t ejections = 0;
    };
    view look() const;

  private:
    const time_point created_;
    std::atomic<time_point> until_;
    std::atomic<std::uint32_t> in_a_row_{0};
    std::atomic<std::uint32_t> generation_{0};
    sliding_window window_;

    mutable std::mutex lock_;
    reason found_;                 ///< of what is due
    reason why_;                   ///< of the last ejection
    std::uint32_t times_ = 0;      ///< in a row
    nanoseconds last_{0};          ///< length of the last ejection
    std::uint64_t ejections_ = 0;  ///< in all
};

}  // namespace outrider::governance
