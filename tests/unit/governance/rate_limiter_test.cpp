#include "governance/rate_limiter.hpp"

#include <algorithm>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/unit/governance/limit_rules.hpp"

namespace outrider::governance {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

/// A token bucket in whole numbers: the level in 1e-9 of a unit, the rate a whole number per second.
class token_bucket {
  public:
    token_bucket(std::int64_t rate, std::int64_t burst) : rate_(rate), full_(burst * billion), level_(full_) {}

    bool take(std::int64_t amount, std::int64_t now) {
        refill(now);
        auto needed = std::min(amount * billion, full_);
        if (level_ < needed) return false;
        level_ -= amount * billion;
        return true;
    }
    void charge(std::int64_t amount, std::int64_t now) {
        refill(now);
        level_ -= amount * billion;
    }
    /// Nanoseconds until take() would say yes.
    std::int64_t wait(std::int64_t amount, std::int64_t now) {
        refill(now);
        auto missing = std::min(amount * billion, full_) - level_;
        return missing <= 0 ? 0 : (missing + rate_ - 1) / rate_;
    }
    double level() const { return static_cast<double>(level_) / static_cast<double>(billion); }

  private:
    void refill(std::int64_t now) {
        level_ = std::min(full_, level_ + (now - at_) * rate_);
        at_ = now;
    }
    static constexpr std::int64_t billion = 1'000'000'000;
    std::int64_t rate_, full_, level_, at_ = 0;
};

struct random_case {
    explicit random_case(std::uint64_t seed) : random(seed) {}
    std::int64_t between(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>{from, to}(random);
    }
    std::mt19937_64 random;
};

/// Rates that divide 64e9, for which every nanosecond is a whole number of ticks.
constexpr std::int64_t even_rates[] = {1, 2, 5, 10, 50, 100, 250, 1'000, 6'400, 8'000, 10'000, 1'000'000};

class ClosedForm : public ::testing::TestWithParam<bool> {};

TEST_P(ClosedForm, EqualsATokenBucketInWholeNumbers) {
    bool even = GetParam();
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        random_case with{seed};
        auto rate = even ? even_rates[seed % std::size(even_rates)] : with.between(1, 50'000);
        auto burst = with.between(1, 60);
        token_bucket expected{rate, burst};
        rate_limiter limiter{rule_of(static_cast<double>(rate), static_cast<double>(burst)), created};
        std::int64_t now = 0;
        for (int step = 0; step < 300; ++step) {
            auto amount = with.between(1, with.between(0, 5) == 0 ? 2 * burst : std::max<std::int64_t>(1, burst / 4));
            now += with.between(0, 3) * with.between(0, 2'000'000'000 / rate);
            if (even && with.between(0, 3) == 0) now += expected.wait(amount, now);  // to the very nanosecond
            auto at = created + nanoseconds{now};
            auto before = expected;
            auto checked = limiter.check("", static_cast<double>(amount), at);
            rate_ticket ticket;
            auto said = limiter.take("", static_cast<double>(amount), at, ticket);
            ASSERT_EQ(said.admitted, expected.take(amount, now)) << "seed " << seed << " step " << step;
            ASSERT_EQ(checked.admitted, said.admitted);
            ASSERT_EQ(checked.wait, said.wait);
            ASSERT_EQ(checked.remaining, said.remaining);
            ASSERT_NEAR(said.remaining, expected.level(), 1e-6) << "seed " << seed << " step " << step;
            ASSERT_NEAR(static_cast<double>(said.wait.count()),
                        said.admitted ? 0 : static_cast<double>(expected.wait(amount, now)), even ? 0 : 1);
            auto then = with.between(0, 9);
            if (then == 0) {
                limiter.charge(ticket, static_cast<double>(amount), at);
                expected.charge(amount, now);
            } else if (then <= 3 && said.admitted) {
                now += with.between(0, 1'000'000'000 / rate);
                limiter.restore(ticket);
                expected = before;
            }
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Rates, ClosedForm, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "ThatDivideATick" : "OfAllKinds"; });

TEST(RateLimiter, AdmitsTheWholeBurstAtOnceWhateverTheRate) {
    for (auto rate : {1.0 / 60, 0.3, 1.0, 3.0, 7.0, 100.0, 7'919.0, 1e6, 3e9})
        for (auto burst : {1, 3, 50, 997}) {
            rate_limiter limiter{rule_of(rate, burst), created};
            EXPECT_EQ(taken_at_once(limiter, created + seconds{1}, burst + 20), burst) << rate;
        }
}

TEST(RateLimiter, HasABurstOfOneSecondByDefaultAndOfOneAtLeast) {
    auto rule = rule_of(30, 0);
    rule.burst.reset();
    rate_limiter limiter{rule, created};
    EXPECT_EQ(taken_at_once(limiter, created, 100), 30);
    rule.rate.per_second = 0.1;
    rate_limiter slow{rule, created};
    EXPECT_EQ(taken_at_once(slow, created, 100), 1);
}

TEST(RateLimiter, SaysExactlyWhenTheSameWouldBeAdmitted) {
    for (auto rate : {0.3, 3.0, 7.0, 100.0, 7'919.0, 1e6, 1e9}) {
        rate_limiter limiter{rule_of(rate, 10), created};
        auto now = created + hours{24 * 365} + nanoseconds{12'345};
        taken_at_once(limiter, now, 10);
        rate_ticket ticket;
        auto wait = limiter.take("", 7, now, ticket).wait;
        EXPECT_GT(wait.count(), 0);
        EXPECT_FALSE(takes(limiter, now + wait - nanoseconds{1}, 7)) << rate;
        EXPECT_TRUE(takes(limiter, now + wait, 7)) << rate;
    }
}

TEST(RateLimiter, AnswersWithLimitBurstAndWhatRemains) {
    rate_limiter limiter{rule_of(100, 50), created};
    rate_ticket ticket;
    auto said = limiter.take("", 8, created, ticket);
    EXPECT_EQ(said.limit, 100);
    EXPECT_EQ(said.burst, 50);
    EXPECT_EQ(said.remaining, 42);
    EXPECT_EQ(said.wait.count(), 0);
    said = limiter.take("", 43, created, ticket);
    EXPECT_FALSE(said.admitted);
    EXPECT_EQ(said.remaining, 42);
    EXPECT_EQ(said.wait, milliseconds{10});
    EXPECT_EQ(limiter.check("", 1, created + milliseconds{30}).remaining, 44);
    EXPECT_EQ(limiter.look(created + milliseconds{30}).remaining, 45);
}

TEST(RateLimiter, AdmitsMoreThanTheBurstWhenFullAndThenIsInDebt) {
    rate_limiter limiter{rule_of(10, 5), created};
    rate_ticket ticket;
    auto said = limiter.take("", 20, created, ticket);
    EXPECT_TRUE(said.admitted);
    EXPECT_EQ(said.remaining, -15);
    EXPECT_FALSE(takes(limiter, created + milliseconds{1'599}));
    EXPECT_TRUE(takes(limiter, created + milliseconds{1'600}));
    EXPECT_EQ(limiter.check("", 20, created + milliseconds{1'600}).wait, milliseconds{500});
}

TEST(RateLimiter, LeavesADebtForLateCharges) {
    rate_limiter limiter{rule_of(1'000, 1'000), created};
    rate_ticket ticket;
    EXPECT_TRUE(limiter.take("", 1, created, ticket).admitted);
    limiter.charge(ticket, 2'999, created);
    EXPECT_EQ(limiter.look(created).remaining, -2'000);
    EXPECT_FALSE(takes(limiter, created + seconds{2}));
    EXPECT_TRUE(takes(limiter, created + seconds{2} + milliseconds{1}));
}

TEST(RateLimiter, GivesNothingBackOnceAnotherHasTaken) {
    rate_limiter limiter{rule_of(1, 10), created};
    rate_ticket first, second;
    limiter.take("", 3, created, first);
    limiter.take("", 2, created, second);
    limiter.restore(first);
    EXPECT_EQ(limiter.look(created).remaining, 5);
    limiter.restore(second);
    EXPECT_EQ(limiter.look(created).remaining, 7);
    limiter.restore(second);
    EXPECT_EQ(limiter.look(created).remaining, 7);
}

TEST(RateLimiter, RestoresNothingForWhatWasRefused) {
    rate_limiter limiter{rule_of(1, 1), created};
    EXPECT_TRUE(takes(limiter, created));
    rate_ticket refused;
    EXPECT_FALSE(limiter.take("", 1, created, refused).admitted);
    limiter.restore(refused);
    EXPECT_FALSE(takes(limiter, created));
}

TEST(RateLimiter, AdmitsNothingAtARateOfZero) {
    rate_limiter limiter{rule_of(0, 10), created};
    rate_ticket ticket;
    for (auto at : {created, created + hours{24 * 365}}) {
        auto said = limiter.take("", 1, at, ticket);
        EXPECT_FALSE(said.admitted);
        EXPECT_EQ(said.wait.count(), 0);
        EXPECT_EQ(said.remaining, 0);
    }
}

TEST(RateLimiter, LetsNothingPassForNothing) {
    rate_limiter limiter{rule_of(1, 2), created};
    taken_at_once(limiter, created, 2);
    for (auto amount : {0.0, -1.0, -1e300, -std::numeric_limits<double>::infinity()}) {
        rate_ticket ticket;
        auto said = limiter.take("", amount, created, ticket);
        EXPECT_TRUE(said.admitted);
        EXPECT_EQ(said.remaining, 0);
        limiter.restore(ticket);
        limiter.charge(ticket, amount, created);
        EXPECT_FALSE(takes(limiter, created)) << amount;
    }
}

TEST(RateLimiter, SurvivesAmountsThatAreNoAmounts) {
    constexpr auto nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    for (auto amount : {nan, inf, 1e300, std::numeric_limits<double>::max()}) {
        rate_limiter limiter{rule_of(10, 5), created};
        rate_ticket ticket;
        EXPECT_TRUE(limiter.take("", amount, created, ticket).admitted);
        EXPECT_FALSE(takes(limiter, created)) << amount;
        for (int i = 0; i < 100; ++i) limiter.charge(ticket, amount, created);
        auto said = limiter.check("", amount, created);
        EXPECT_FALSE(said.admitted) << amount;
        EXPECT_GT(said.wait.count(), 0) << amount;
        EXPECT_LT(limiter.look(created).remaining, 0) << amount;
        EXPECT_TRUE(takes(limiter, created + hours{24 * 365 * 4})) << amount;
    }
    rate_limiter limiter{rule_of(10, 5), created};
    EXPECT_TRUE(takes(limiter, created, 1e-300));
    EXPECT_EQ(taken_at_once(limiter, created, 10), 4);
}

TEST(RateLimiter, AdmitsNoMoreWhenTimesComeOutOfOrder) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        random_case with{seed};
        rate_limiter limiter{rule_of(1'000, 20), created};
        int admitted = 0;
        constexpr std::int64_t end = 2'000'000;  // microseconds
        for (std::int64_t now = 0; now < end; now += with.between(1, 400))
            admitted += takes(limiter, created + microseconds{std::max<std::int64_t>(0, now - with.between(0, 3'000))});
        EXPECT_LE(admitted, 2'000 + 20) << seed;
        EXPECT_GE(admitted, 1'960) << seed;
    }
}

TEST(RateLimiter, TakesATimeBeforeItsCreationForItsCreation) {
    rate_limiter limiter{rule_of(1, 1), created};
    EXPECT_TRUE(takes(limiter, created - hours{1}));
    EXPECT_FALSE(takes(limiter, created - hours{2}));
    EXPECT_TRUE(takes(limiter, created + seconds{1}));
}

TEST(RateLimiter, KeepsByteRatesOverYears) {
    constexpr double rate = 5 * 1'048'576;
    rate_limiter limiter{rule_of(rate, rate), created};
    auto now = created + hours{24 * 365 * 3};
    double admitted = 0;
    for (int i = 0; i < 100'000; ++i, now += microseconds{100})
        if (takes(limiter, now, 1'499)) admitted += 1'499;
    EXPECT_LE(admitted, rate * 10 + rate);
    EXPECT_GE(admitted, (rate * 10 + rate) * 0.9999);
}

TEST(RateLimiter, ScalesRateAndBurstByItsShare) {
    rate_limiter limiter{rule_of(300, 30), created, 1.0 / 3};
    auto said = limiter.check("", 1, created);
    EXPECT_EQ(said.limit, 100);
    EXPECT_EQ(said.burst, 10);
    EXPECT_EQ(taken_at_once(limiter, created, 100), 10);
    EXPECT_EQ(limiter.check("", 1, created).wait, milliseconds{10});
    limiter.set_share(1);
    EXPECT_EQ(limiter.check("", 1, created).limit, 300);
    EXPECT_EQ(taken_at_once(limiter, created, 100), 0) << "an empty bucket stays empty";
    EXPECT_EQ(taken_at_once(limiter, created + seconds{1}, 100), 30);
}

TEST(RateLimiter, GivesNobodyMoreThanTheNewBurst) {
    rate_limiter limiter{rule_of(100, 40), created};
    EXPECT_EQ(taken_at_once(limiter, created, 20), 20);
    for (int i = 0; i < 100; ++i) limiter.set_share(i % 2 == 0 ? 0.1 : 1);
    EXPECT_EQ(limiter.look(created).remaining, 20);
    limiter.set_share(0.25);
    EXPECT_EQ(limiter.look(created).remaining, 5);
    EXPECT_EQ(taken_at_once(limiter, created, 100), 5);
    limiter.set_share(0);
    EXPECT_FALSE(takes(limiter, created + hours{1}));
    limiter.set_share(1);
    EXPECT_EQ(taken_at_once(limiter, created + hours{1}, 100), 40);
}

TEST(RateLimiter, LetsOneThroughWhereTheShareOfTheBurstIsLessThanOne) {
    rate_limiter limiter{rule_of(4, 1), created, 0.25};
    EXPECT_EQ(taken_at_once(limiter, created, 5), 1);
    EXPECT_FALSE(takes(limiter, created + milliseconds{999}));
    EXPECT_TRUE(takes(limiter, created + seconds{1}));
}

}  // namespace
}  // namespace outrider::governance
