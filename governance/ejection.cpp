#include "governance/ejection.hpp"

#include <algorithm>

namespace outrider::governance {

ejection::ejection(time_point created) : created_(created), until_(created) {}

std::uint32_t ejection::note(bool failed) {
    if (failed) return in_a_row_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (in_a_row_.load(std::memory_order_relaxed) != 0) in_a_row_.store(0, std::memory_order_relaxed);
    return 0;
}

bool ejection::due(bool failed, std::uint32_t in_a_row, time_point began, time_point now, const eject_rule& by) {
    if (began < back() || ejected(now)) return false;
    reason found;
    if (by.consecutive && in_a_row >= std::max(*by.consecutive, 1u))
        found = {reason::kind::in_a_row, in_a_row, in_a_row};
    if (by.failures) {
        const auto generation = generation_.load(std::memory_order_acquire);
        const auto bucket = sliding_window::bucket_of(now - created_, by.window);
        window_.add(generation, bucket, failed, false);
        // A share can only be passed by a failure, or by the call that makes the number of calls whole; the latter
        // waits for the next failure.
        if (failed && !found) {
            const auto sums = window_.sum(generation, bucket);
            if (sums.calls >= std::max(by.min_calls, 1u) && sums.failures >= *by.failures * sums.calls - 1e-9)
                found = {reason::kind::failures, sums.failures, sums.calls, by.window};
        }
    }
    if (!found) return false;
    const std::lock_guard held(lock_);
    found_ = found;
    return true;
}

void ejection::eject(time_point now, const eject_rule& by) {
    const std::lock_guard held(lock_);
    const auto back_at = back();
    if (now < back_at) return;
    // In a row: it has not been back for as long as it had been away, nor for a window.
    const bool again = times_ > 0 && now - back_at < std::max(last_, nanoseconds(by.window));
    times_ = again ? std::min(times_ + 1, 10u) : 1;
    last_ = nanoseconds(by.time) * times_;
    why_ = found_;
    ++ejections_;
    const auto generation = generation_.load(std::memory_order_relaxed) + 1;
    window_.clear(generation);
    generation_.store(generation, std::memory_order_release);
    in_a_row_.store(0, std::memory_order_relaxed);
    until_.store(now + last_, std::memory_order_release);
}

ejection::view ejection::look() const {
    const std::lock_guard held(lock_);
    return {why_.text(), ejections_};
}

}  // namespace outrider::governance
