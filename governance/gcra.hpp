#pragma once

#include <algorithm>
#include <cstdint>

#include "governance/clock.hpp"

// The generic cell rate algorithm (ATM Forum, Traffic Management 4.0, 4.4.2; ITU-T I.371) as a virtual schedule.
//
// A bucket is one word, the theoretical arrival time (TAT): when it will be full again. An amount moves it on by what
// the rate needs to make up for it; how far it may lie ahead of now is the burst, as a time:
//
//        |<------------- burst ------------->|
//     ---+-----------------------+-----------+------> time
//       now                     TAT
//        |<--- spent already --->|<- left -->|
//
// A TAT that has passed says that the bucket is full, however long ago that was: 0 is a new bucket.

namespace outrider::governance {

/// Time in units of a rate, about 1/64 ns, since the limit was created.
using ticks = std::uint64_t;

/// What one TAT says to one amount.
struct arrival {
    ticks now = 0;
    ticks cost = 1;     ///< of the amount
    ticks at_once = 0;  ///< the latest TAT that the amount may leave behind to go on now
    ticks at_most = 0;  ///< and to go on after a wait

    ticks after(ticks tat) const { return std::max(tat, now) + cost; }
};

/// The arithmetic of one rate: time into ticks, amounts into ticks, and back.
///
/// A tick divides the time of one unit of the amount (a request, a byte) evenly: 3/s is 21,333,333,334 ticks a request
/// and 64,000,000,002 ticks a second. So sums of whole amounts are exact, at bursts and over years (one amount to 2^53
/// ticks, 39 hours' worth; beyond, to 16 digits). What does not divide, amounts with a fraction and odd shares of a
/// rate, is rounded against the caller, by less than one tick.
///
/// Time counts to 2^63 ticks: more than four years (half as much for rates near 64 GB/s), then it stands still. Costs
/// and bursts count to 2^60 ticks, 208 days.
class rate_scale {
  public:
    static constexpr ticks longest = ticks{1} << 60;

    rate_scale() = default;
    /// @param per_second  zero, negative or no number: admits nothing
    /// @param burst       negative or no number: zero, so that an amount goes when the bucket is full
    rate_scale(double per_second, double burst);

    bool admits_nothing() const { return per_unit_ == 0; }
    double per_second() const { return per_second_; }
    double burst() const { return burst_; }
    ticks burst_ticks() const { return burst_ticks_; }

    /// @param since  the creation; negative: zero
    ticks at(nanoseconds since) const {
        auto time = static_cast<std::uint64_t>(std::clamp<std::int64_t>(since.count(), 0, last_));
        auto part = static_cast<double>(time % second_) * per_nanosecond_;
        return time / second_ * per_full_second_ + static_cast<ticks>(part);
    }
    /// The first nanosecond for which at() is `time` or more.
    nanoseconds reached(ticks time) const;

    /// What an amount moves the TAT on; at least 1, at most `longest`. NaN counts as the burst.
    /// @param spread  1 / share
    ticks cost(double amount, double spread) const {
        auto exact = amount * per_unit_ * spread;
        if (!(exact < static_cast<double>(longest)))
            return amount != amount ? std::max<ticks>(burst_ticks_, 1) : longest;
        if (!(exact > 0)) return 1;
        auto whole = static_cast<ticks>(exact);
        return whole + (static_cast<double>(whole) < exact);
    }
    /// The amount that time makes up for.
    double amount(double time, double spread) const { return time / (per_unit_ * spread); }

  private:
    static constexpr std::uint64_t second_ = 1'000'000'000;

    double per_second_ = 0;
    double burst_ = 0;
    double per_unit_ = 0;  ///< ticks for one unit of the amount; a whole number unless the rate is beyond 64e9
    double per_nanosecond_ = 0;
    ticks per_full_second_ = 1;
    ticks burst_ticks_ = 0;
    std::int64_t last_ = 0;  ///< nanosecond for which ticks suffice
};

}  // namespace outrider::governance
