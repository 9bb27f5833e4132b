// Limits that let what is over them wait.
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "governance/rate_limiter.hpp"
#include "tests/unit/governance/limit_rules.hpp"

namespace outrider::governance {
namespace {

using std::chrono::seconds;

rate_answer ask(rate_limiter& limiter, time_point now, double amount = 1) {
    rate_ticket ticket;
    return limiter.take("", amount, now, ticket);
}

TEST(PacedLimit, SendsOneAfterTheOther) {
    rate_limiter limiter{paced_rule(100, 1, seconds{1}, 1'000), created};
    for (int i = 0; i < 50; ++i) {
        auto said = ask(limiter, created);
        EXPECT_TRUE(said.admitted);
        EXPECT_EQ(said.wait, milliseconds{10} * i);
        EXPECT_EQ(said.remaining, -i);
    }
    EXPECT_EQ(ask(limiter, created + milliseconds{495}).wait, milliseconds{5});
    EXPECT_EQ(ask(limiter, created + seconds{2}).wait.count(), 0);
}

TEST(PacedLimit, LetsTheBurstGoFirst) {
    rate_limiter limiter{paced_rule(100, 5, seconds{1}, 1'000), created};
    for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(limiter, created).wait.count(), 0);
    EXPECT_EQ(ask(limiter, created).wait, milliseconds{10});
    EXPECT_EQ(ask(limiter, created, 3).wait, milliseconds{40});
}

TEST(PacedLimit, LetsWaitAsManyAsTheQueueHolds) {
    rate_limiter limiter{paced_rule(100, 1, seconds{10}, 3), created};
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ask(limiter, created).admitted);
    auto said = ask(limiter, created);
    EXPECT_FALSE(said.admitted);
    EXPECT_EQ(said.wait, milliseconds{10});
    EXPECT_FALSE(ask(limiter, created + milliseconds{10} - nanoseconds{1}).admitted);
    said = ask(limiter, created + milliseconds{10});
    EXPECT_TRUE(said.admitted);
    EXPECT_EQ(said.wait, milliseconds{30});
}

TEST(PacedLimit, LetsNobodyWaitWithoutAQueue) {
    rate_limiter limiter{paced_rule(100, 1, seconds{10}, 0), created};
    EXPECT_TRUE(ask(limiter, created).admitted);
    auto said = ask(limiter, created);
    EXPECT_FALSE(said.admitted);
    EXPECT_EQ(said.wait, milliseconds{10});
    EXPECT_EQ(ask(limiter, created + milliseconds{10}).wait.count(), 0);
}

TEST(PacedLimit, LetsNobodyWaitForLongerThanTheLongestWait) {
    rate_limiter limiter{paced_rule(100, 1, milliseconds{25}, 1'000), created};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(ask(limiter, created).admitted);
    auto said = ask(limiter, created);
    EXPECT_FALSE(said.admitted);
    EXPECT_EQ(said.wait, milliseconds{5});
    EXPECT_FALSE(ask(limiter, created + milliseconds{5} - nanoseconds{1}).admitted);
    said = ask(limiter, created + milliseconds{5});
    EXPECT_TRUE(said.admitted);
    EXPECT_EQ(said.wait, milliseconds{25});
}

TEST(PacedLimit, HoldsEverySettingToItsWord) {
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        std::mt19937 random{seed};
        auto between = [&](int from, int to) { return std::uniform_int_distribution{from, to}(random); };
        auto rate = between(1, 3'000), burst = between(1, 10), queue = between(1, 20);
        milliseconds longest{between(0, 20'000 / rate)};
        rate_limiter limiter{paced_rule(rate, burst, longest, static_cast<std::uint32_t>(queue)), created};
        std::deque<time_point> waiting;
        auto now = created;
        for (int i = 0; i < 500; ++i) {
            now += nanoseconds{between(0, 1'500'000'000 / rate)};
            while (!waiting.empty() && waiting.front() <= now) waiting.pop_front();
            auto said = ask(limiter, now);
            if (said.admitted) {
                ASSERT_LE(said.wait, longest) << seed;
                if (said.wait.count() == 0) continue;
                ASSERT_LT(waiting.size(), static_cast<std::size_t>(queue)) << seed;
                ASSERT_TRUE(waiting.empty() || waiting.back() <= now + said.wait) << seed;
                waiting.push_back(now + said.wait);
            } else {
                ASSERT_GT(said.wait.count(), 0);
                ASSERT_FALSE(limiter.check("", 1, now + said.wait - nanoseconds{1}).admitted) << seed;
                ASSERT_TRUE(limiter.check("", 1, now + said.wait).admitted) << seed;
            }
        }
    }
}

TEST(PacedLimit, SurvivesSettingsWithoutEnd) {
    rate_limiter limiter{paced_rule(1e9, 1, milliseconds::max(), 4'000'000'000), created};
    for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(ask(limiter, created, 1e12).admitted);
    EXPECT_GT(ask(limiter, created).wait, seconds{900'000});
}

}  // namespace
}  // namespace outrider::governance
