#include "tracing/rate_gate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace outrider::tracing {
namespace {

constexpr double second_ns = 1e9;
constexpr double longest_ns = 1e18;  // 31 years: sums of two still fit a word

std::int64_t interval_of(double per_second) {
    if (!(per_second > 0)) return 0;  // also NaN
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(second_ns / per_second, longest_ns)));
}

}  // namespace

rate_gate::rate_gate(double per_second)
    : interval_ns_(interval_of(per_second)),
      tolerance_ns_(interval_ns_ == 0 ? 0
                                      : std::max<std::int64_t>(0, static_cast<std::int64_t>(second_ns) - interval_ns_)),
      full_at_ns_(std::numeric_limits<std::int64_t>::min()) {}

bool rate_gate::take(time_point now) {
    if (interval_ns_ == 0) return false;
    auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    auto full_at = full_at_ns_.load(std::memory_order_relaxed);
    while (full_at <= now_ns + tolerance_ns_) {
        auto next = std::max(full_at, now_ns) + interval_ns_;
        if (full_at_ns_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) return true;
    }
    return false;
}

}  // namespace outrider::tracing
