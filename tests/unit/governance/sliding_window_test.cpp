#include "governance/sliding_window.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

TEST(SlidingWindow, NumbersTenthsOfTheWindow) {
    EXPECT_EQ(sliding_window::bucket_of(0ms, 10s), 0u);
    EXPECT_EQ(sliding_window::bucket_of(999'999'999ns, 10s), 0u);
    EXPECT_EQ(sliding_window::bucket_of(1s, 10s), 1u);
    EXPECT_EQ(sliding_window::bucket_of(10s, 1s), 100u);
    EXPECT_EQ(sliding_window::bucket_of(-5s, 1s), 0u);
    EXPECT_EQ(sliding_window::bucket_of(1s, 0ms), 10'000u);  // as a window of a millisecond
}

TEST(SlidingWindow, SumsTheLastTenBuckets) {
    sliding_window it;
    for (std::uint32_t bucket = 0; bucket < 35; ++bucket) {
        it.add(0, bucket, bucket % 2 == 0, bucket % 5 == 0);
        const auto sums = it.sum(0, bucket);
        ASSERT_EQ(sums.calls, std::min(bucket + 1, 10u)) << bucket;
        if (bucket >= 9) {
            ASSERT_EQ(sums.failures, 5u) << bucket;
            ASSERT_EQ(sums.slow, 2u) << bucket;
        }
    }
    EXPECT_EQ(it.sum(0, 43).calls, 1u);
    EXPECT_EQ(it.sum(0, 44).calls, 0u);
}

TEST(SlidingWindow, DropsResultsThatAreAWholeWindowLate) {
    sliding_window it;
    it.add(0, 13, false, false);
    it.add(0, 3, true, false);
    it.add(0, 12, true, false);
    EXPECT_EQ(it.sum(0, 13).calls, 2u);
    EXPECT_EQ(it.sum(0, 13).failures, 1u);
}

TEST(SlidingWindow, GoesOnAfterItsLengthChanged) {
    sliding_window it;
    for (std::uint32_t bucket = 1'000; bucket < 1'010; ++bucket) it.add(0, bucket, true, false);
    for (std::uint32_t bucket = 100; bucket < 110; ++bucket) it.add(0, bucket, false, false);
    EXPECT_EQ(it.sum(0, 109).calls, 10u);
    EXPECT_EQ(it.sum(0, 109).failures, 0u);
}

TEST(SlidingWindow, CountsOnlyItsOwnGeneration) {
    sliding_window it;
    it.add(0, 5, true, true);
    it.clear(1);
    it.add(0, 5, true, true);
    EXPECT_EQ(it.sum(1, 5).calls, 0u);
    EXPECT_EQ(it.sum(0, 5).calls, 0u);
    it.add(1, 5, true, true);
    EXPECT_EQ(it.sum(1, 5).slow, 1u);
}

TEST(SlidingWindowThreads, NeverCountForAGenerationThatIsOver) {
    sliding_window it;
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 50'000; ++i) it.add(0, static_cast<std::uint32_t>(i / 100), true, false);
        });
    for (int i = 0; i < 1'000; ++i) it.sum(0, static_cast<std::uint32_t>(i / 2));
    it.clear(1);
    for (auto& each : threads) each.join();
    for (std::uint32_t bucket = 0; bucket < 600; ++bucket) ASSERT_EQ(it.sum(1, bucket).calls, 0u);
}

}  // namespace
}  // namespace outrider::governance
