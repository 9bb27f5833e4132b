#include "governance/warm_up.hpp"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "governance/rate_limiter.hpp"
#include "tests/unit/governance/limit_rules.hpp"

namespace outrider::governance {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

limit_rule warming_rule(double per_second, double burst, milliseconds warm_up) {
    auto rule = rule_of(per_second, burst);
    rule.warm_up = warm_up;
    return rule;
}

/// What is admitted of far too much from `from` on.
int flood(rate_limiter& limiter, time_point from, nanoseconds length, nanoseconds step = microseconds{100}) {
    int admitted = 0;
    for (auto now = from; now < from + length; now += step) admitted += takes(limiter, now);
    return admitted;
}

TEST(WarmUp, CountsTimeBySharesThatGrowFromAThirdToTheWhole) {
    warm_up warming{seconds{9}};
    auto going = warming.read().used(nanoseconds{0});
    EXPECT_EQ(going.at(nanoseconds{0}).time.count(), 0);
    EXPECT_DOUBLE_EQ(going.at(nanoseconds{0}).share, 1.0 / 3);
    EXPECT_DOUBLE_EQ(going.at(milliseconds{4'500}).share, 2.0 / 3);
    EXPECT_EQ(going.at(milliseconds{4'500}).time, milliseconds{2'250});
    EXPECT_EQ(going.at(seconds{9}).share, 1);
    EXPECT_EQ(going.at(seconds{9}).time, seconds{6});
    EXPECT_EQ(going.at(seconds{19}).time, seconds{16});
}

TEST(WarmUp, NeverCountsMoreThanRealTimeNorBackwards) {
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
        std::mt19937_64 random{seed};
        warm_up warming{nanoseconds{static_cast<std::int64_t>(random() % 3'000'000 + 1)}};
        nanoseconds now{0}, counted{0};
        for (int i = 0; i < 2'000; ++i) {
            nanoseconds step{static_cast<std::int64_t>(random() % (random() % 10 == 0 ? 9'000'000 : 300'000))};
            now += step;
            auto moment = warming.read().at(now);
            ASSERT_GE(moment.time, counted) << seed;
            ASSERT_LE(moment.time - counted, step + nanoseconds{1}) << seed;
            counted = moment.time;
            if (random() % 3 != 0) warming.use(now);
            ASSERT_EQ(warming.read().at(now).time, counted) << seed;
        }
    }
}

TEST(WarmUp, AdmitsAThirdToBeginWithAndTheWholeAtItsEnd) {
    rate_limiter limiter{warming_rule(900, 9, seconds{10}), created};
    EXPECT_EQ(limiter.check("", 1, created).limit, 300);
    EXPECT_NEAR(flood(limiter, created, milliseconds{500}), 315 / 2 + 3, 2);  // from 300/s to 330/s, and the burst
    EXPECT_NEAR(flood(limiter, created + milliseconds{500}, milliseconds{4'500}), 465 * 4.5 + 3, 2);
    EXPECT_NEAR(limiter.check("", 1, created + seconds{5}).limit, 600, 1e-9);
    EXPECT_NEAR(flood(limiter, created + seconds{5}, seconds{5}), 750 * 5 + 3, 2);
    EXPECT_EQ(limiter.check("", 1, created + seconds{10}).limit, 900);
    EXPECT_NEAR(flood(limiter, created + seconds{10}, seconds{1}), 900, 2);
}

TEST(WarmUp, KeepsTheBurstSmallWhileCold) {
    rate_limiter limiter{warming_rule(900, 90, seconds{10}), created};
    EXPECT_EQ(limiter.check("", 1, created).burst, 30);
    EXPECT_EQ(taken_at_once(limiter, created, 200), 30);
    EXPECT_NEAR(flood(limiter, created, seconds{20}), 900 * (20 - 10 / 3.0) + 90 - 30, 3);
}

TEST(WarmUp, BeginsAgainAfterAnIdleTime) {
    rate_limiter limiter{warming_rule(900, 90, seconds{10}), created};
    flood(limiter, created, seconds{12});
    auto last = created + seconds{12} - microseconds{100};
    auto almost = last + seconds{9};
    EXPECT_EQ(limiter.check("", 1, almost).limit, 900);
    EXPECT_EQ(taken_at_once(limiter, almost, 200), 90);
    auto idle = almost + seconds{10};
    EXPECT_EQ(limiter.check("", 1, idle - nanoseconds{1}).limit, 900);
    EXPECT_EQ(limiter.check("", 1, idle).limit, 300);
    EXPECT_EQ(taken_at_once(limiter, idle, 200), 30);
    EXPECT_NEAR(flood(limiter, idle, seconds{1}), 300 + 30 + 6, 3);  // the burst grows by 6 along
}

TEST(WarmUp, BelongsToTheRuleNotToTheKey) {
    auto rule = warming_rule(900, 90, seconds{10});
    rule.key = {key_source::kind::header, "x-tenant"};
    rule.overrides["gold"].per_second = 9'000;
    rate_limiter limiter{rule, created};
    EXPECT_EQ(taken_at_once(limiter, created, 2'000, "gold"), 300);
    EXPECT_EQ(taken_at_once(limiter, created, 2'000, "a"), 30);
    for (auto now = created; now < created + seconds{10}; now += milliseconds{5}) takes(limiter, now, 1, "a");
    EXPECT_EQ(taken_at_once(limiter, created + seconds{10}, 200, "never seen"), 90);
}

TEST(WarmUp, SaysExactlyWhenTheSameWouldBeAdmitted) {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        std::mt19937 random{seed};
        auto between = [&](int from, int to) { return std::uniform_int_distribution{from, to}(random); };
        auto rule = warming_rule(between(1, 2'000), between(1, 40), milliseconds{between(1, 3'000)});
        if (seed % 2 == 0) {
            rule.over = over_limit::pace;
            rule.longest_wait = milliseconds{between(1, 500)};
            rule.queue = static_cast<std::uint32_t>(between(1, 10));
        }
        rate_limiter limiter{rule, created};
        auto now = created;
        for (int i = 0; i < 200; ++i) {
            now += microseconds{between(0, between(0, 20) == 0 ? 5'000'000 : 5'000)};
            rate_ticket ticket;
            auto amount = between(1, 5);
            auto said = limiter.take("", amount, now, ticket);
            if (between(0, 50) == 0) limiter.charge(ticket, between(1, 5'000), now);
            if (said.admitted) {
                ASSERT_LE(said.wait, rule.longest_wait) << seed;
                continue;
            }
            said = limiter.check("", amount, now);
            ASSERT_FALSE(limiter.check("", amount, now + said.wait - nanoseconds{1}).admitted) << seed << " " << i;
            ASSERT_TRUE(limiter.check("", amount, now + said.wait).admitted) << seed << " " << i;
        }
    }
}

TEST(WarmUp, PacesByTheRateThatHoldsMeanwhile) {
    auto rule = warming_rule(900, 1, seconds{10});
    rule.over = over_limit::pace;
    rule.longest_wait = seconds{20};
    rule.queue = 100'000;
    rate_limiter limiter{rule, created};
    rate_ticket ticket;
    nanoseconds wait{0};
    for (int i = 0; i <= 6'000; ++i) wait = limiter.take("", 1, created, ticket).wait;
    // The whole of a warm-up of ten seconds is worth 6,000.
    EXPECT_NEAR(static_cast<double>(wait.count()), 10e9, 3e6);
}

}  // namespace
}  // namespace outrider::governance
