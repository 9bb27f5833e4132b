#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "governance/gcra.hpp"
#include "governance/rate_limiter.hpp"
#include "governance/warm_up.hpp"

namespace outrider::governance {

/// How what is over a rate may wait; by default it may not.
struct pace_terms {
    nanoseconds longest_wait{0};
    std::uint32_t queue = 0;  ///< may wait at once
};

/// What holds at one moment for every bucket of a limit.
struct rate_terms {
    const rate_scale* scale = nullptr;
    double spread = 1;  ///< 1 / share
    pace_terms pace;
    std::optional<warm_up::reading> warming;  ///< nothing: the limit does not warm up

    /// Of a rate or burst, what falls to this sidecar: divided, so that parts of whole numbers stay whole.
    double part_of(double whole) const { return spread == 1 ? whole : whole / spread; }
};

/// What a limit offers to one amount at one time, whatever the bucket: made once for a decision, then held against a
/// TAT, again with each failed compare-and-swap.
///
/// How many wait is read from the TAT itself: those that wait are what lies beyond the burst, one cost each. So a queue
/// of n is room for n costs more, and the longest wait is room for what becomes free in that time; the smaller counts.
class rate_offer {
  public:
    rate_offer(const rate_terms& terms, double amount, nanoseconds since) : terms_(terms), since_(since), time_(since) {
        const auto& scale = *terms.scale;
        arrival_.cost = scale.cost(amount, terms.spread);
        if (terms.warming) {
            warm();
            return;
        }
        burst_ = scale.burst_ticks();
        arrival_.now = scale.at(since);
        arrival_.at_once = arrival_.at_most = arrival_.now + tolerance();
        if (terms.pace.queue != 0) arrival_.at_most = paced(scale.at(since + terms.pace.longest_wait) + tolerance());
    }

    ticks now() const { return arrival_.now; }
    ticks after(ticks tat) const { return arrival_.after(tat); }
    bool fits(ticks after) const { return after <= arrival_.at_most; }
    /// As `after`, whatever the level; far enough from the end of time to go on.
    ticks after_charge(ticks tat) const { return std::max(tat, std::min(after(tat), now() + 4 * rate_scale::longest)); }

    /// There is nothing to take: goes on at once, whatever the level.
    rate_answer free(ticks tat) const {
        auto out = answer(tat);
        out.admitted = true;
        return out;
    }
    /// @param tat  that is left behind
    rate_answer admitted(ticks tat) const {
        auto out = answer(tat);
        out.admitted = true;
        if (tat > arrival_.at_once) out.wait = until_it_goes(tat);
        return out;
    }
    rate_answer refused(ticks tat) const {
        auto out = answer(tat);
        out.wait = until_it_fits(tat);
        return out;
    }

  private:
    ticks tolerance() const { return std::max(burst_, arrival_.cost); }
    ticks queue_room() const {
        auto queue = terms_.pace.queue;
        return queue != 0 && arrival_.cost > rate_scale::longest / queue ? rate_scale::longest : queue * arrival_.cost;
    }
    ticks paced(ticks after_longest_wait) const {
        return std::min(after_longest_wait, arrival_.at_once + queue_room());
    }

    void warm();
    rate_answer answer(ticks tat) const;
    nanoseconds until_it_goes(ticks after) const;
    nanoseconds until_it_fits(ticks tat) const;
    nanoseconds at_full_rate(ticks after, nanoseconds longest_wait, ticks room) const;

    nanoseconds full_by(ticks tat) const;

    const rate_terms& terms_;
    nanoseconds since_;
    nanoseconds time_;  ///< as the limit counts it: slower than `since_` while it warms up
    double share_ = 1;  ///< of rate and burst, while it warms up
    ticks burst_ = 0;
    arrival arrival_;
};

inline rate_answer rate_offer::answer(ticks tat) const {
    const auto& scale = *terms_.scale;
    rate_answer out;
    if (scale.admits_nothing()) return out;
    out.limit = terms_.part_of(scale.per_second() * share_);
    out.burst = terms_.part_of(scale.burst() * share_);
    auto spent = std::max(tat, now()) - now();
    auto left = static_cast<std::int64_t>(burst_) - static_cast<std::int64_t>(spent);
    out.remaining = scale.amount(static_cast<double>(left), terms_.spread);
    return out;
}

}  // namespace outrider::governance
