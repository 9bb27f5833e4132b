#include "sidecar/exchange/span_times.hpp"

#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

namespace outrider::exchange {
namespace {

using std::chrono::milliseconds;

std::int64_t wall_now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

constexpr std::int64_t ms = 1'000'000;

TEST(SpanTimes, AreThoseOfWhatHappenedHoweverLateTheyAreAskedFor) {
    const auto finished = steady_clock::now();
    const auto wall = wall_now();
    std::this_thread::sleep_for(milliseconds{50});
    const auto told = unix_times(finished - milliseconds{5}, finished);
    EXPECT_LT(std::abs(static_cast<std::int64_t>(told.end) - wall), 25 * ms) << "not when they were asked for";
    EXPECT_EQ(told.end - told.start, 5'000'000U);
}

TEST(SpanTimes, KeepTheOrderOfThings) {
    const auto first = steady_clock::now();
    const auto second = first + std::chrono::nanoseconds{1};
    const auto later = unix_times(second, second);
    std::this_thread::sleep_for(milliseconds{1});
    EXPECT_EQ(unix_times(first, first).end + 1, later.start) << "though the first one was asked for last";
}

TEST(SpanTimes, EndNotBeforeTheyBegin) {
    const auto now = steady_clock::now();
    const auto told = unix_times(now + milliseconds{5}, now);
    EXPECT_EQ(told.start, told.end);
}

TEST(SpanTimes, FollowTheWallClock) {
    for (int i = 0; i < 3; ++i) {
        const auto now = steady_clock::now();
        const auto wall = wall_now();
        EXPECT_LT(std::abs(static_cast<std::int64_t>(unix_times(now, now).end) - wall), 25 * ms);
        std::this_thread::sleep_for(milliseconds{110});
    }
}

}  // namespace
}  // namespace outrider::exchange
