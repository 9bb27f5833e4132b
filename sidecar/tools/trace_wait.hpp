#pragma once

#include <chrono>
#include <functional>

#include "sidecar/tools/trace_source.hpp"

namespace outrider::tools {

/// The passing of time, so that tests need none.
struct wait_clock {
    using time_point = std::chrono::steady_clock::time_point;
    std::function<time_point()> now;
    std::function<void(std::chrono::milliseconds)> sleep;
    static wait_clock steady();
};

inline constexpr std::chrono::milliseconds poll_every{200};
inline constexpr std::chrono::milliseconds settled_after{1'000};

/// Asks until the trace is there and has not changed for a second, or `wait` is over; then the last answer counts. What
/// can't become better by waiting is returned at once. Without a wait it is asked once.
/// @param whole  whether the last answer may be all there is; empty: nobody knows
fetched_trace wait_for_trace(const std::function<fetched_trace()>& ask, std::chrono::milliseconds wait,
                             const wait_clock& clock, const std::function<bool()>& whole = {});

}  // namespace outrider::tools
