#include "governance/gcra.hpp"

#include <algorithm>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr double rates[] = {1.0 / 86'400, 1.0 / 60,        0.3, 1,    3,   7, 100, 101, 7'919,
                            1e6,          5 * 1'048'576.0, 1e9, 3e10, 9e10};

TEST(RateScale, GivesASecondWhatTheRateSays) {
    for (auto rate : rates) {
        rate_scale scale{rate, 1};
        auto day = scale.amount(static_cast<double>(scale.at(hours{24})), 1);
        EXPECT_NEAR(day / (rate * 86'400), 1, 1e-10) << rate;
        EXPECT_LE(day, rate * 86'400 * (1 + 1e-15)) << rate;
    }
}

TEST(RateScale, CostsWholeAmountsExactly) {
    for (auto rate : {1.0 / 60, 3.0, 7.0, 101.0, 7'919.0, 5 * 1'048'576.0, 1e9}) {
        rate_scale scale{rate, 50};
        auto one = scale.cost(1, 1);
        for (auto amount : {2, 3, 50, 997, 65'536, 1'000'003}) {
            auto cost = one * static_cast<ticks>(amount);
            if (cost < ticks{1} << 53) {
                EXPECT_EQ(scale.cost(amount, 1), cost) << rate << " * " << amount;
            }
            EXPECT_NEAR(static_cast<double>(scale.cost(amount, 1)) / static_cast<double>(std::min(cost, scale.longest)),
                        1, 1e-15);
        }
        EXPECT_EQ(scale.burst_ticks(), 50 * one) << rate;
    }
}

TEST(RateScale, CountsTimeWithoutAGapAtTheSecond) {
    for (auto rate : rates) {
        rate_scale scale{rate, 1};
        for (auto at : {seconds{1}, seconds{59}, seconds{86'400 * 365}}) {
            auto step = scale.at(at) - scale.at(at - nanoseconds{1});
            EXPECT_GE(step, 63u) << rate;
            EXPECT_LE(step, 129u) << rate;
        }
    }
}

TEST(RateScale, FindsTheFirstNanosecondThatReachesATime) {
    std::mt19937_64 random{7};
    for (auto rate : rates) {
        rate_scale scale{rate, 1};
        for (int i = 0; i < 2'000; ++i) {
            auto time = random() >> (2 + random() % 50);
            auto first = scale.reached(time);
            ASSERT_GE(scale.at(first), time) << rate;
            if (first.count() > 0) {
                ASSERT_LT(scale.at(first - nanoseconds{1}), time) << rate;
            }
        }
    }
}

TEST(RateScale, CountsFourYears) {
    rate_scale scale{100, 1};
    auto four_years = hours{24 * 365 * 4};
    EXPECT_EQ(scale.at(four_years), static_cast<ticks>(nanoseconds{four_years}.count()) * 64);
    EXPECT_GE(scale.at(hours{24 * 365 * 200}), scale.at(four_years));
    EXPECT_EQ(scale.at(nanoseconds{-5}), 0u);
}

TEST(RateScale, ClampsWhatItCannotCount) {
    constexpr auto nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    rate_scale scale{100, 5};
    EXPECT_EQ(scale.cost(nan, 1), scale.burst_ticks());
    EXPECT_EQ(scale.cost(inf, 1), rate_scale::longest);
    EXPECT_EQ(scale.cost(1e300, 1), rate_scale::longest);
    EXPECT_EQ(scale.cost(1e-300, 1), 1u);
    EXPECT_EQ(scale.cost(1, inf), rate_scale::longest);
    EXPECT_EQ(rate_scale(100, nan).burst_ticks(), 0u);
    EXPECT_EQ(rate_scale(100, -1).burst_ticks(), 0u);
    EXPECT_EQ(rate_scale(1, inf).burst_ticks(), rate_scale::longest);
    for (auto rate : {0.0, -1.0, nan}) EXPECT_TRUE(rate_scale(rate, 1).admits_nothing()) << rate;
    for (auto rate : {1e-300, 1e300, inf}) {
        rate_scale odd{rate, 1};
        EXPECT_FALSE(odd.admits_nothing());
        EXPECT_LE(odd.cost(1, 1), rate_scale::longest);
        EXPECT_GT(odd.at(seconds{1}), 0u);
    }
}

}  // namespace
}  // namespace outrider::governance
