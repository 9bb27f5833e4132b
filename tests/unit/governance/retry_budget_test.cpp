#include "governance/retry_budget.hpp"

#include <atomic>
#include <deque>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

retry_rule rule(double budget, std::uint32_t floor) {
    retry_rule out;
    out.budget = budget;
    out.budget_floor = floor;
    return out;
}

/// Retries that begin and end at once.
int retries(retry_budget& of, int tries, time_point now) {
    int begun = 0;
    for (int i = 0; i < tries; ++i)
        if (of.begin(now)) ++begun, of.end();
    return begun;
}

TEST(RetryBudget, AllowsAShareOfTheExchanges) {
    retry_budget budget(rule(0.2, 0), start);
    EXPECT_EQ(retries(budget, 10, start), 0);
    for (int i = 0; i < 100; ++i) budget.exchange(start);
    EXPECT_EQ(retries(budget, 100, start), 20);
    EXPECT_EQ(budget.refused(), 90u);
    for (int i = 0; i < 4; ++i) budget.exchange(start);
    EXPECT_EQ(retries(budget, 10, start), 0);
    budget.exchange(start);
    EXPECT_EQ(retries(budget, 10, start), 1);
}

TEST(RetryBudget, CountsTenSeconds) {
    retry_budget budget(rule(0.2, 0), start);
    for (int i = 0; i < 10; ++i) budget.exchange(start);
    EXPECT_EQ(retries(budget, 1, start + 9'999ms), 1);
    EXPECT_EQ(retries(budget, 5, start + 10s), 0);
    for (int i = 0; i < 10; ++i) budget.exchange(start + 18s);
    EXPECT_EQ(retries(budget, 5, start + 18'500ms), 1);  // the retry of the tenth second still counts
    EXPECT_EQ(retries(budget, 5, start + 19s), 1);       // and now no longer
}

TEST(RetryBudget, AlwaysAllowsAFewAtOnce) {
    retry_budget budget(rule(0.2, 3), start);
    for (int round = 0; round < 100; ++round) {
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(budget.begin(start));
        ASSERT_FALSE(budget.begin(start));
        for (int i = 0; i < 3; ++i) budget.end();
    }
}

TEST(RetryBudget, CountsWhatTheFloorAllowedAgainstTheShare) {
    retry_budget budget(rule(0.2, 1), start);
    for (int i = 0; i < 10; ++i) budget.exchange(start);
    EXPECT_TRUE(budget.begin(start));  // the floor's
    EXPECT_TRUE(budget.begin(start));  // the second of two that ten exchanges allow
    EXPECT_FALSE(budget.begin(start));
}

TEST(RetryBudget, IgnoresAClockThatIsALittleLate) {
    retry_budget budget(rule(1, 0), start);
    budget.exchange(start + 5s);
    budget.exchange(start - 1s);
    EXPECT_TRUE(budget.begin(start + 4s));
    EXPECT_TRUE(budget.begin(start + 5s));
    EXPECT_FALSE(budget.begin(start + 4s));
}

/// Against a list of all that happened, over every ten seconds that a retry began in.
TEST(RetryBudgetProperty, IsNeverExceeded) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        const auto floor = static_cast<std::uint32_t>(random() % 3);
        const double share = 0.05 * (1 + random() % 20);
        retry_budget budget(rule(share, floor), start);
        std::deque<std::int64_t> exchanges, begun;  // seconds
        std::uint32_t under_way = 0;
        time_point now = start;
        for (int i = 0; i < 2'000; ++i) {
            now += milliseconds(random() % (random() % 100 == 0 ? 12'000 : 30));
            const auto second = (now - start) / 1s;
            for (auto* each : {&exchanges, &begun})
                while (!each->empty() && each->front() <= second - 10) each->pop_front();
            if (random() % 2) {
                budget.exchange(now);
                exchanges.push_back(second);
            } else if (under_way > 0 && random() % 3 == 0) {
                budget.end();
                --under_way;
            } else {
                const bool fits =
                    static_cast<double>(begun.size() + 1) <= share * static_cast<double>(exchanges.size()) + 1e-9;
                ASSERT_EQ(budget.begin(now), under_way < floor || fits) << "seed " << seed << " step " << i;
                if (under_way >= floor && !fits) continue;
                begun.push_back(second);
                ++under_way;
            }
        }
    }
}

TEST(RetryBudgetThreads, NeverExceedTheBudgetTogether) {
    retry_budget budget(rule(0.5, 2), start);
    std::atomic<int> begun{0}, exchanges{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 10'000; ++i) {
                budget.exchange(start);
                ++exchanges;
                for (int k = 0; k < 2; ++k)
                    if (budget.begin(start)) ++begun;  // never ends: the floor's two are used up at once
            }
        });
    for (auto& each : threads) each.join();
    EXPECT_LE(begun, exchanges / 2 + 2);
    EXPECT_GE(begun, exchanges / 2 - 8);
    EXPECT_EQ(begun + static_cast<int>(budget.refused()), 80'000);
    for (int i = begun; i > 0; --i) budget.end();
    EXPECT_TRUE(budget.begin(start + 1h));
    EXPECT_TRUE(budget.begin(start + 1h));
    EXPECT_FALSE(budget.begin(start + 1h));
}

TEST(Backoff, DoublesUpToTheLongestAndTakesARandomShare) {
    constexpr auto all = std::numeric_limits<std::uint32_t>::max();
    retry_rule by;
    EXPECT_EQ(backoff_before(by, 1, all), 25ms);
    EXPECT_EQ(backoff_before(by, 2, all), 50ms);
    EXPECT_EQ(backoff_before(by, 4, all), 200ms);
    EXPECT_EQ(backoff_before(by, 5, all), 250ms);
    EXPECT_EQ(backoff_before(by, 4'000'000'000, all), 250ms);
    EXPECT_EQ(backoff_before(by, 3, 0), 0ms);
    EXPECT_EQ(backoff_before(by, 3, all / 2), 50ms);
    by.backoff = 0ms;
    EXPECT_EQ(backoff_before(by, 4'000'000'000, all), 0ms);
    by.backoff = by.longest_backoff = milliseconds::max();
    EXPECT_GT(backoff_before(by, 9, all), 1h);
}

}  // namespace
}  // namespace outrider::governance
