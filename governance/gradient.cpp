#include "governance/gradient.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace outrider::governance {
namespace {

// Of one window to the next.
constexpr double room_factor = 0.75;      ///< times sqrt(limit): what may be queued upstream
constexpr double step_down = 0.7;         ///< the most, times the limit
constexpr double saturated_share = 0.75;  ///< of the slots in use on average: the limit holds exchanges back
constexpr double smoothing = 0.3;         ///< the least weight of the latest window

// The base follows what is measured by this share, in a window of so many samples.
constexpr double follow_down = 0.2, follow_up = 0.02, full_window = 200;
constexpr double clearly_faster = 0.75;  ///< than the base: followed at once

// Checks.
constexpr auto check_every = std::chrono::seconds{10};
constexpr double walked_down = 0.7,
                 walked_up = 1.5;    ///< times the highest limit since the last check, and the one at it
constexpr double deepest_dip = 0.5;  ///< at first, times the limit
constexpr double same_base = 0.05;   ///< a difference of no meaning
constexpr double queue_seen = 0.5, no_queue_seen = 0.25;  ///< of the fall that a queue would explain
constexpr double test_after = 0.75;                       ///< of what was in use when the decline began
constexpr int untested_declines = 3;

constexpr double failure_step = 0.9, failure_margin = 0.05;  ///< share of all that ended, beyond what is tolerated
constexpr double fewest_failures = 3;
constexpr double test_failures_after = 0.7, goodput_kept = 0.85;

// Windows. With so many samples for each slot the error of `queued` is about half of sqrt(limit) where service times
// vary as an exponential distribution; what is decided by a single window asks for more.
constexpr double steady_samples = 4, decline_samples = 6, check_samples = 12;
constexpr double few_samples = 20, fewest_samples = 10;
constexpr auto shortest_window = std::chrono::milliseconds{100};
constexpr auto look_again = std::chrono::milliseconds{20};
constexpr double longest_window = 1;     ///< seconds, and four round trips, then fewer samples will do
constexpr double settling_trips = 1.25;  ///< round trips from a new limit to the first window under it
constexpr double longest_settling = 10;  ///< seconds

nanoseconds to_duration(double seconds) { return nanoseconds{static_cast<nanoseconds::rep>(seconds * 1e9)}; }
double seconds_between(time_point from, time_point to) { return std::chrono::duration<double>(to - from).count(); }

}  // namespace

limit_estimate::limit_estimate(std::uint32_t min, std::uint32_t max, std::uint32_t initial, time_point created)
    : min_{std::max(1.0, static_cast<double>(min))},
      max_{std::max(min_, static_cast<double>(max))},
      limit_{std::clamp(static_cast<double>(initial), min_, max_)},
      checked_{created},
      checked_limit_{limit_},
      highest_{limit_} {}

std::uint32_t limit_estimate::limit() const { return static_cast<std::uint32_t>(std::lround(limit_)); }

void limit_estimate::set(double limit) { limit_ = std::clamp(limit, min_, max_); }

double limit_estimate::samples_wanted() const {
    return std::max(few_samples, limit_ * (checking_ ? check_samples : declining_ ? decline_samples : steady_samples));
}

limit_estimate::mark limit_estimate::here(const round_trips& window) const {
    return {limit_, window.in_use(), window.typical, window.throughput(), window.goodput()};
}

/// How much of the fall of the round trip that a queue would explain was seen since `from`: 1 all, 0 none.
double limit_estimate::explained(const mark& from, const round_trips& window) const {
    auto fewer = from.in_use - window.in_use();
    auto throughput = std::max(from.throughput, window.throughput());
    if (fewer <= 0 || throughput <= 0) return 0;
    return (from.typical - window.typical) / (fewer / throughput);
}

void limit_estimate::learn(const round_trips& latest, time_point now) {
    if (latest.ended() == 0) return;
    auto before = limit();
    auto window = smooth(latest);
    if (shrink_for_failures(window)) {
        checking_.reset();
    } else if (window.timed > 0) {
        if (base_ == 0) base_ = window.typical;
        checking_ ? check(window, now) : adjust(window, now);
    }
    if (limit() != before) same_limit_ = 0;
}

/// Windows of the same limit are one measurement, with an eye on the latest.
round_trips limit_estimate::smooth(const round_trips& latest) {
    if (++same_limit_ == 1 || latest.timed == 0) return smoothed_ = latest;
    auto weight = std::max(1.0 / same_limit_, smoothing);
    auto towards = [=](double& value, double to) { value += weight * (to - value); };
    auto mean = smoothed_.timed * smoothed_.mean, typical = smoothed_.timed * smoothed_.typical;
    towards(mean, latest.timed * latest.mean);
    towards(typical, latest.timed * latest.typical);
    towards(smoothed_.elapsed, latest.elapsed);
    towards(smoothed_.succeeded, latest.succeeded);
    towards(smoothed_.failed, latest.failed);
    towards(smoothed_.busy, latest.busy);
    towards(smoothed_.timed, latest.timed);
    towards(smoothed_.slow_failures, latest.slow_failures);
    smoothed_.mean = mean / smoothed_.timed;
    smoothed_.typical = typical / smoothed_.timed;
    smoothed_.turned_away = latest.turned_away;
    return smoothed_;
}

void limit_estimate::adjust(const round_trips& window, time_point now) {
    bool saturated = window.in_use() >= saturated_share * limit_;
    follow_base(window, saturated);
    if (!saturated) checked_ = now;
    auto queued = window.throughput() * (window.typical - base_);
    auto room = std::sqrt(limit_) * room_factor;
    if (saturated && queued > room) return decline(window, queued);
    declining_.reset();
    bool growing = window.pressed() && queued < room / 3;
    if (saturated && !growing && check_is_due(now)) return begin_check(window, queued);
    if (growing)
        grow(window.turned_away, room);
    else
        grown_ = 0;
}

/// Steps too small to be tested each by themselves add up: down by noise, up along a base that had been too high.
bool limit_estimate::check_is_due(time_point now) const {
    return now - checked_ >= check_every || limit_ <= walked_down * highest_ || limit_ >= walked_up * checked_limit_;
}

/// The longer nobody was queued, the larger the step.
void limit_estimate::grow(bool turned_away, double room) {
    auto step = std::min(limit_ / 2, ++grown_ * room);
    set(starting_ && turned_away ? limit_ * 2 : limit_ + std::max(1.0, step));
    highest_ = std::max(highest_, limit_);
}

/// Down towards what is measured; up only, and slowly, while the limit holds nobody back: what is slow then is not our
/// queue.
void limit_estimate::follow_base(const round_trips& window, bool saturated) {
    auto weight = std::min(1.0, window.timed / full_window);
    if (window.typical < base_)
        base_ += weight * (window.typical < clearly_faster * base_ ? 1 : follow_down) * (window.typical - base_);
    else if (!saturated || limit_ <= min_)
        base_ += weight * follow_up * (window.typical - base_);
}

void limit_estimate::decline(const round_trips& window, double queued) {
    grown_ = 0;
    bool was_starting = std::exchange(starting_, false);
    if (was_starting) checked_ -= check_every;  // what was taken for the base may have been a queue
    if (!declining_) {
        declining_ = here(window);
        declined_ = 0;
    }
    if (window.in_use() <= test_after * declining_->in_use) {
        if (decline_is_vain(window)) {
            base_ = window.typical;
            declining_.reset();
            return;
        }
        declining_ = here(window);
        declined_ = 0;
    } else if (++declined_ > untested_declines) {
        declining_.reset();
        return begin_check(window, queued);
    }
    set(std::max(limit_ * step_down, limit_ - (queued - room_factor / 2 * std::sqrt(limit_))));
    if (limit_ <= min_) starting_ = true;  // far from whatever it will be
}

bool limit_estimate::decline_is_vain(const round_trips& window) {
    bool timeouts = window.slow_failures > window.succeeded;  // which take equally long, however many are under way
    return !timeouts && explained(*declining_, window) < no_queue_seen;
}

void limit_estimate::begin_check(const round_trips& window, double queued) {
    checking_ = here(window);
    set(std::max(limit_ * deepest_dip, std::min({limit_ * step_down, limit_ - 2 * queued, limit_ - 1})));
}

void limit_estimate::check(const round_trips& window, time_point now) {
    auto queue = explained(*checking_, window);
    bool at_base = std::abs(window.typical - base_) <= same_base * base_;
    if (queue >= queue_seen && !at_base && limit_ > min_) {
        checking_ = here(window);
        return set(std::min(limit_ * step_down, limit_ - 1));
    }
    if (at_base)
        base_ += 0.5 * (window.typical - base_);
    else if (queue < no_queue_seen || window.typical < base_)
        base_ = window.typical;
    set(checking_->limit);
    checking_.reset();
    checked_ = now;
    checked_limit_ = highest_ = limit_;
}

/// @return whether the window was about failures
bool limit_estimate::shrink_for_failures(const round_trips& window) {
    auto share = window.failed / window.ended();
    if (!window.pressed() || window.failed < fewest_failures || share <= tolerated_ + failure_margin) {
        tolerated_ = std::min(tolerated_, share);
        failing_.reset();
        return false;
    }
    if (!failing_) failing_ = here(window);
    if (limit_ <= test_failures_after * failing_->limit) {
        if (window.goodput() <= goodput_kept * failing_->goodput) {
            tolerated_ = share;
            set(failing_->limit);
            failing_.reset();
            return true;
        }
        failing_ = here(window);
    }
    starting_ = false;
    set(limit_ * failure_step);
    return true;
}

adaptive_limit::adaptive_limit(std::uint32_t min, std::uint32_t max, std::uint32_t initial, time_point created)
    : due_{(created + shortest_window).time_since_epoch().count()},
      estimate_{min, max, initial, created},
      since_{created} {
    limit_ = estimate_.limit();
}

bool adaptive_limit::ended(outcome how, nanoseconds took, bool busy, time_point now) {
    if (how == outcome::ignored) return false;
    using kind = round_trip_window::kind;
    window_.add(took, how == outcome::failure ? kind::failed : busy ? kind::busy : kind::idle);
    if (now.time_since_epoch().count() < due_.load(std::memory_order_relaxed)) return false;
    std::unique_lock only_one{evaluating_, std::try_to_lock};
    return only_one && evaluate(now);
}

/// Long enough that slow exchanges had the time to end too, and with samples enough or long waited for.
bool adaptive_limit::enough(time_point now) const {
    auto seen = window_.look();
    auto elapsed = seconds_between(since_, now);
    if (elapsed < std::min(longest_settling, (mean_ > 0 ? 2 : 3) * seen.mean)) return false;
    if (seen.count >= estimate_.samples_wanted()) return true;
    return elapsed >= longest_window + 4 * seen.mean && seen.count >= fewest_samples;
}

bool adaptive_limit::evaluate(time_point now) {
    if (now.time_since_epoch().count() < due_.load(std::memory_order_relaxed)) return false;  // somebody just did
    if (!settling_ && !enough(now)) {
        again_at(now + look_again);
        return false;
    }
    auto window = window_.take(2 * estimate_.base());
    window.turned_away = turned_away_.exchange(false, std::memory_order_relaxed);
    window.elapsed = seconds_between(since_, now);
    since_ = now;
    again_at(now + shortest_window);
    if (std::exchange(settling_, false)) return false;

    if (window.timed > 0) mean_ = window.mean;
    estimate_.learn(window, now);
    if (estimate_.limit() == limit()) return false;
    limit_.store(estimate_.limit(), std::memory_order_relaxed);
    settling_ = true;
    again_at(now + to_duration(std::min(longest_settling, settling_trips * mean_)));
    return true;
}

}  // namespace outrider::governance
