#include "governance/gcra.hpp"

#include <cmath>

namespace outrider::governance {
namespace {

constexpr double ticks_per_second = 64e9;

/// The whole number of ticks that one unit takes; beyond 64e9 per second a fraction of one.
double unit_of(double per_second) {
    auto exact = ticks_per_second / per_second;
    return std::min(exact < 1 ? exact : std::ceil(exact), static_cast<double>(rate_scale::longest));
}

}  // namespace

rate_scale::rate_scale(double per_second, double burst) : burst_(burst > 0 ? burst : 0) {
    if (!(per_second > 0)) return;
    per_second_ = per_second;
    per_unit_ = unit_of(std::min(per_second, 1e18));
    // Rounded down: what a second is too long by, the rate is too low by, never too high. 2^-37 of it at most.
    auto exact = per_unit_ >= 1 ? std::floor(per_unit_ * per_second) : ticks_per_second;
    per_full_second_ = static_cast<ticks>(std::max(exact, ticks_per_second - 1));
    per_nanosecond_ = static_cast<double>(per_full_second_) / 1e9;
    auto depth = burst_ * per_unit_;
    burst_ticks_ = depth < static_cast<double>(longest) ? static_cast<ticks>(depth) : longest;
    last_ = static_cast<std::int64_t>((ticks{1} << 63) / per_full_second_ * second_);
}

nanoseconds rate_scale::reached(ticks time) const {
    auto whole = time / per_full_second_;
    auto rest = time % per_full_second_;
    auto nanosecond = static_cast<std::uint64_t>(static_cast<double>(rest) / per_nanosecond_);
    auto ticks_of = [this](std::uint64_t n) { return static_cast<ticks>(static_cast<double>(n) * per_nanosecond_); };
    while (nanosecond > 0 && ticks_of(nanosecond - 1) >= rest) --nanosecond;
    while (nanosecond < second_ && ticks_of(nanosecond) < rest) ++nanosecond;
    return nanoseconds{static_cast<std::int64_t>(whole * second_ + nanosecond)};
}

}  // namespace outrider::governance
