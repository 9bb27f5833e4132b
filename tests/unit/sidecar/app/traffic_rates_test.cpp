#include "sidecar/app/traffic_rates.hpp"

#include <gtest/gtest.h>

namespace outrider::app {
namespace {

using namespace std::chrono_literals;

TEST(RateMeter, TellsWhatWasCountedPerSecond) {
    rate_meter meter;
    const governance::time_point begin{100s};
    EXPECT_FALSE(meter.note({100, 10, {}}, begin)) << "nothing to compare with";
    EXPECT_FALSE(meter.note({110, 10, {}}, begin + 1s));
    const auto rate = meter.note({120, 14, {}}, begin + 2s);
    ASSERT_TRUE(rate);
    EXPECT_DOUBLE_EQ(rate->per_second, 10);
    EXPECT_DOUBLE_EQ(rate->errors_per_second, 2);
    EXPECT_FALSE(rate->p50_ns) << "nobody measured";
    EXPECT_DOUBLE_EQ(meter.note({220, 14, {}}, begin + 3s)->per_second, 10) << "too soon for another one";
    EXPECT_DOUBLE_EQ(meter.note({220, 14, {}}, begin + 4s)->per_second, 50);
    EXPECT_DOUBLE_EQ(meter.note({220, 14, {}}, begin + 6s)->per_second, 0);
    EXPECT_DOUBLE_EQ(meter.note({200, 0, {}}, begin + 8s)->per_second, 0)
        << "counters that were read while they changed";
}

TEST(RateMeter, FindsTheQuantilesOfTheLastSeconds) {
    exchange::duration_histogram histogram;
    const auto totals = [&] {
        traffic_totals out;
        add(histogram, out);
        return out;
    };
    rate_meter meter;
    const governance::time_point begin{100s};
    for (int i = 0; i < 1'000; ++i) histogram.observe(20s);
    meter.note(totals(), begin);
    for (int i = 0; i < 98; ++i) histogram.observe(3ms);
    for (int i = 0; i < 2; ++i) histogram.observe(200ms);
    const auto rate = meter.note(totals(), begin + 2s);
    ASSERT_TRUE(rate && rate->p50_ns && rate->p99_ns);
    EXPECT_DOUBLE_EQ(rate->per_second, 50);
    EXPECT_GT(*rate->p50_ns, 2'500'000u);
    EXPECT_LE(*rate->p50_ns, 5'000'000u);
    EXPECT_GT(*rate->p99_ns, 100'000'000u);
    EXPECT_LE(*rate->p99_ns, 250'000'000u);
    for (int i = 0; i < 10; ++i) histogram.observe(100s);
    EXPECT_EQ(*meter.note(totals(), begin + 4s)->p50_ns, 30'000'000'000u) << "beyond all bounds";
    EXPECT_FALSE(meter.note(totals(), begin + 6s)->p50_ns) << "nothing came";
}

}  // namespace
}  // namespace outrider::app
