#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "governance/clock.hpp"
#include "governance/outcome.hpp"
#include "governance/round_trips.hpp"

// How many exchanges an upstream takes at once, found out from how the round-trip time moves with their number.
//
// What is sought is the knee. With fewer exchanges under way than the upstream has room for, the round trip stays and
// the throughput follows their number; with more, the throughput stays and the rest of them queue there. The family is
// TCP Vegas (Brakmo, Peterson: "TCP Vegas: End to End Congestion Avoidance on a Global Internet", 1995) and what
// Netflix made of it for requests (github.com/Netflix/concurrency-limits):
//
//     queued = throughput * (round trip - base)          base: the round trip with nobody queued
//
// is held between a third and the whole of a room of 3/4 sqrt(limit), which keeps the upstream busy. Three things
// differ, each because the plain form fails where tests/unit/governance simulates it:
//
// - The base. Gradient2 takes a long average, which follows the queue that the limit itself allows until the limit is
// at
//   its maximum. Vegas takes a minimum, which a lasting change of the service strands, and the limit collapses. Envoy's
//   filter stops nearly all traffic to measure it. Here a shallow dip checks it (after BBR's ProbeRTT, Cardwell et al.,
//   "BBR: Congestion-Based Congestion Control", 2016): every ten seconds under pressure, and after a long way up or
//   down, the limit goes down by 30% for one window, and on as long as the round trip falls with it. Where it does not
//   fall, nobody was queued: that is the base. It costs about 1% of the throughput under constant overload, nothing
//   otherwise.
// - Going down is tested. Where the limit went down by a quarter because of a queue, and the round trip did not fall,
//   there was no queue: the service has become slower, and this is its base. Failures likewise: where fewer at once
//   lower the goodput and not only the failures, these come from elsewhere and are put up with.
// - The round trip of a window is the mean of its faster three quarters. A wait upstream moves it as far as the mean of
//   all, and a slow tenth of the exchanges does not move it at all; the mean of a window would be off by 15%.
//
// Beyond it: many sidecars before one upstream, with service times that vary much. The dip of each is then lost in the
// noise, the queue of the others looks like service time, and together they creep up until failures or `max` stop them
// (measured: two share fairly well, ten drift within minutes). The place for an adaptive limit is before the service
// that it protects, where it is the only one.

namespace outrider::governance {

/// The limit, as one window after the other teaches it. One thread at a time.
///
///          queued < room / 3, slots in use           queued > room
///       +------ grow by room, 2 room, ... ------+ +-- decline by what is too much, at most 30% -------+
///       |       (double until the first queue)  | |   25% lower and no faster: this is the base       |
///       +-----------------------------------> adjust <------------------------------------------------+
///                                              |   ^
///      10 s under pressure, or 50% up, 30% down|   | the round trip no longer falls: this is the base,
///                                              v   | the limit is as before the last step
///                                             check: 30% lower, window by window
class limit_estimate {
  public:
    /// @param min  at least 1; `initial` is brought between it and `max`
    limit_estimate(std::uint32_t min, std::uint32_t max, std::uint32_t initial, time_point created);
    /// @param window  of exchanges that began under this limit
    void learn(const round_trips& window, time_point now);
    std::uint32_t limit() const;
    /// The round trip of an exchange with nobody queued, in seconds; 0: not known yet.
    double base() const { return base_; }
    /// How many exchanges the next window should have.
    double samples_wanted() const;

  private:
    struct mark {
        double limit, in_use, typical, throughput, goodput;
    };
    mark here(const round_trips& window) const;
    double explained(const mark& from, const round_trips& window) const;
    round_trips smooth(const round_trips& latest);

    bool shrink_for_failures(const round_trips& window);
    void adjust(const round_trips& window, time_point now);
    void follow_base(const round_trips& window, bool saturated);
    void grow(bool turned_away, double room);
    void decline(const round_trips& window, double queued);
    bool decline_is_vain(const round_trips& window);
    bool check_is_due(time_point now) const;
    void begin_check(const round_trips& window, double queued);
    void check(const round_trips& window, time_point now);
    void set(double limit);

    double min_, max_, limit_;
    double base_ = 0;
    bool starting_ = true;  ///< no queue was seen yet
    double tolerated_ = 0;  ///< share of failures that does not come from concurrency
    round_trips smoothed_;
    int same_limit_ = 0;                                  ///< windows since the limit changed
    int grown_ = 0, declined_ = 0;                        ///< windows in a row
    std::optional<mark> failing_, declining_, checking_;  ///< where each began
    time_point checked_;
    double checked_limit_, highest_;  ///< the limit then, and the highest since
};

/// An adaptive limit for many threads: ended() only counts, and about every 100 ms one of its callers evaluates.
class adaptive_limit {
  public:
    adaptive_limit(std::uint32_t min, std::uint32_t max, std::uint32_t initial, time_point created);
    std::uint32_t limit() const { return limit_.load(std::memory_order_relaxed); }
    /// @param took  ignored exchanges are not counted
    /// @param busy  at least half of the slots were in use
    /// @return whether the limit is another one now
    bool ended(outcome how, nanoseconds took, bool busy, time_point now);
    void turned_away() {
        if (!turned_away_.load(std::memory_order_relaxed)) turned_away_.store(true, std::memory_order_relaxed);
    }

  private:
    bool evaluate(time_point now);
    bool enough(time_point now) const;
    void again_at(time_point when) { due_.store(when.time_since_epoch().count(), std::memory_order_relaxed); }

    std::atomic<time_point::rep> due_;
    std::atomic<std::uint32_t> limit_;
    std::atomic<bool> turned_away_{false};
    std::mutex evaluating_;  ///< whoever holds it has what follows
    limit_estimate estimate_;
    time_point since_;
    double mean_ = 0;        ///< round trip of the last window, seconds
    bool settling_ = false;  ///< exchanges that began under the former limit still end
    alignas(64) round_trip_window window_;
};

}  // namespace outrider::governance
