// Limits by key: the table, its bound and what a flood of keys can do.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "governance/rate_limiter.hpp"
#include "tests/unit/governance/limit_rules.hpp"

namespace outrider::governance {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

std::string name(int number) { return "key-" + std::to_string(number); }

TEST(RateLimiterKeys, CountEachForItself) {
    rate_limiter limiter{keyed_rule(10, 5), created};
    for (auto key : {"a", "b", "", "a longer key than fits one block of the hash"})
        EXPECT_EQ(taken_at_once(limiter, created, 9, key), 5) << key;
    EXPECT_EQ(limiter.look(created).keys, 4u);
    EXPECT_TRUE(takes(limiter, created + milliseconds{100}, 1, "a"));
    EXPECT_FALSE(takes(limiter, created + milliseconds{100}, 1, "a"));
}

TEST(RateLimiterKeys, AreNotTakenUpByAQuestion) {
    rate_limiter limiter{keyed_rule(10, 5), created};
    auto said = limiter.check("a", 2, created);
    EXPECT_TRUE(said.admitted);
    EXPECT_EQ(said.remaining, 3);
    EXPECT_EQ(limiter.look(created).keys, 0u);
    EXPECT_EQ(taken_at_once(limiter, created, 9, "a"), 5);
    EXPECT_EQ(limiter.check("a", 1, created).wait, milliseconds{100});
}

TEST(RateLimiterKeys, AreGivenBackAndCharged) {
    rate_limiter limiter{keyed_rule(10, 5), created};
    rate_ticket first, second;
    limiter.take("a", 5, created, first);
    limiter.restore(first);
    EXPECT_EQ(limiter.look(created).keys, 0u) << "as if it had never come";
    limiter.take("a", 1, created, first);
    limiter.take("a", 1, created, second);
    limiter.restore(first);
    EXPECT_EQ(limiter.check("a", 0, created).remaining, 3);
    limiter.charge(second, 5, created);
    EXPECT_EQ(limiter.check("a", 0, created).remaining, -2);
    limiter.restore(second);
    EXPECT_EQ(limiter.check("a", 0, created).remaining, -2);
    EXPECT_TRUE(takes(limiter, created, 5, "b"));
}

TEST(RateLimiterKeys, HaveRatesOfTheirOwnWithABurstThatGrowsAlong) {
    auto rule = keyed_rule(100, 50);
    rule.overrides["gold"].per_second = 1'000;
    rule.overrides["bronze"].per_second = 2;
    rule.overrides["blocked"].per_second = 0;
    rate_limiter limiter{rule, created, 0.5};
    auto gold = limiter.check("gold", 1, created);
    EXPECT_EQ(gold.limit, 500);
    EXPECT_EQ(gold.burst, 250);
    EXPECT_EQ(taken_at_once(limiter, created, 400, "gold"), 250);
    EXPECT_EQ(limiter.check("gold", 1, created).wait, milliseconds{2});
    EXPECT_EQ(taken_at_once(limiter, created, 400, "bronze"), 1) << "half a request of burst";
    EXPECT_EQ(limiter.check("bronze", 1, created).wait, seconds{1});
    EXPECT_EQ(taken_at_once(limiter, created, 400, "blocked"), 0);
    EXPECT_EQ(taken_at_once(limiter, created, 400, "anybody"), 25);
    EXPECT_EQ(limiter.look(created).keys, 1u) << "named keys are not in the table";
    rate_ticket ticket;
    limiter.take("gold", 10, created + seconds{1}, ticket);
    limiter.restore(ticket);
    EXPECT_EQ(limiter.check("gold", 0, created + seconds{1}).remaining, 250);
    limiter.charge(ticket, 300, created + seconds{1});
    EXPECT_EQ(limiter.check("gold", 0, created + seconds{1}).remaining, -50);
}

TEST(RateLimiterKeys, AMillionFitIntoSixtyFourMebibytes) {
    rate_limiter limiter{keyed_rule(0.001, 1, 1'000'000), created};
    EXPECT_LE(limiter.look(created).bytes, 64u << 20);
    int admitted = 0;
    for (int i = 0; i < 1'000'000; ++i) admitted += takes(limiter, created, 1, name(i));
    EXPECT_EQ(admitted, 1'000'000);
    EXPECT_EQ(limiter.look(created).keys, 1'000'000u);
    EXPECT_EQ(limiter.look(created).overflowed, 0u);
    for (int i = 0; i < 1'000'000; i += 997) ASSERT_FALSE(takes(limiter, created, 1, name(i)));
}

TEST(RateLimiterKeys, OfManyTablesTheNumberAskedForFits) {
    for (std::uint32_t keys : {1u, 10u, 100u, 1'000u, 10'000u})
        for (int round = 0; round < 20; ++round) {
            rate_limiter limiter{keyed_rule(0.001, 1, keys), created};
            for (std::uint32_t i = 0; i < keys; ++i) ASSERT_TRUE(takes(limiter, created, 1, name(static_cast<int>(i))));
            ASSERT_EQ(limiter.look(created).overflowed, 0u) << keys;
        }
}

TEST(RateLimiterKeys, GiveWayOnlyOnceTheyAreFull) {
    rate_limiter limiter{keyed_rule(10, 5, 100), created};
    for (int i = 0; i < 100'000; ++i) {
        auto now = created + milliseconds{i};
        ASSERT_TRUE(takes(limiter, now, 1, name(i)));  // full again after 100 ms, when 100 others have come
    }
    EXPECT_EQ(limiter.look(created).overflowed, 0u);
    EXPECT_LE(limiter.look(created).keys, 300u);
}

/// A bucket of each key, by exact arithmetic: milliseconds, and costs of 100 of them.
struct witness {
    std::int64_t tat = 0;
    bool take(std::int64_t now) {
        auto after = std::max(tat, now) + 100;
        if (after - now > 500) return false;
        tat = after;
        return true;
    }
};

TEST(RateLimiterKeys, ThatAreKnownGainAndLoseNothingByAFlood) {
    rate_limiter limiter{keyed_rule(10, 5, 200), created};
    std::vector<witness> old(20);
    std::mt19937 random{3};
    int flood = 0;
    // Never full for longer than a moment, so that it keeps its place.
    for (auto& each : old) each.tat = 0;
    for (std::size_t i = 0; i < old.size(); ++i)
        for (int n = 0; n < 5; ++n) ASSERT_EQ(takes(limiter, created, 1, "old-" + std::to_string(i)), old[i].take(0));
    for (std::int64_t now = 0; now < 20'000; ++now) {
        auto at = created + milliseconds{now};
        for (int n = 0; n < 30; ++n) takes(limiter, at, 1, name(flood++));
        for (std::size_t i = 0; i < old.size(); ++i) {
            if (old[i].tat - now > 100 && random() % 50 != 0) continue;
            ASSERT_EQ(takes(limiter, at, 1, "old-" + std::to_string(i)), old[i].take(now)) << now;
        }
    }
    EXPECT_GT(limiter.look(created).overflowed, 100'000u);
}

TEST(RateLimiterKeys, ShareOneBucketWhenThereIsNoPlace) {
    rate_limiter limiter{keyed_rule(0.1, 5, 100), created};
    std::map<bool, int> admitted;  // by whether it was the overflow bucket's
    int key = 0;
    for (; limiter.look(created).overflowed < 1'000; ++key)
        for (int n = 0; n < 7; ++n) {
            rate_ticket each;
            auto said = limiter.take(name(key), 1, created, each);
            admitted[said.overflow] += said.admitted;
        }
    EXPECT_GE(limiter.look(created).keys, 100u);
    EXPECT_EQ(admitted[true], 5) << "one burst for all that found no place";
    EXPECT_GE(admitted[false], 100 * 5);
    EXPECT_LE(admitted[false], static_cast<int>(limiter.look(created).keys) * 5);
    for (int i = 0; i < key; ++i) ASSERT_FALSE(takes(limiter, created, 1, name(i))) << i;
    rate_ticket ticket;
    auto said = limiter.take(name(key), 1, created + seconds{10}, ticket);
    while (!said.overflow) said = limiter.take(name(++key), 1, created + seconds{10}, ticket);
    EXPECT_TRUE(said.admitted) << "one more after ten seconds";
    EXPECT_TRUE(ticket.overflow);
    EXPECT_FALSE(limiter.check(name(key), 1, created + seconds{10}).admitted);
    EXPECT_TRUE(limiter.check(name(key), 1, created + seconds{10}).overflow);
    limiter.restore(ticket);
    EXPECT_TRUE(limiter.check(name(key), 1, created + seconds{10}).admitted);
    limiter.take(name(key), 1, created + seconds{10}, ticket);
    limiter.charge(ticket, 2, created + seconds{10});
    EXPECT_EQ(limiter.check(name(key), 0, created + seconds{10}).remaining, -2);
}

/// The most that any key was given more than rate * T + burst, over all stretches of time that end now.
class bound {
  public:
    bound(double per_second, double burst) : per_second_(per_second), burst_(burst) {}
    /// The classical equivalent: a leaky bucket that must never run over.
    bool admit(const std::string& key, nanoseconds now) {
        auto& [level, at] = keys_[key];
        if (now > at) {
            level = std::max(0.0, level - per_second_ * std::chrono::duration<double>(now - at).count());
            at = now;
        }
        return (level += 1) <= burst_ + 1e-6;
    }

  private:
    double per_second_, burst_;
    std::map<std::string, std::pair<double, nanoseconds>> keys_;
};

TEST(RateLimiterKeys, NeverGetMoreThanTheirDueInATableTooSmall) {
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        std::mt19937 random{seed};
        rate_limiter limiter{keyed_rule(5, 3, 20), created};
        bound due{5, 3};
        int admitted = 0;
        for (std::int64_t now = 0; now < 30'000'000; now += random() % 2'000) {
            auto key = name(static_cast<int>(random() % 400));
            if (!takes(limiter, created + microseconds{now}, 1, key)) continue;
            ++admitted;
            ASSERT_TRUE(due.admit(key, microseconds{now})) << seed << " " << key << " at " << now;
        }
        EXPECT_GT(admitted, 1'000);
        EXPECT_GT(limiter.look(created).overflowed, 1'000u);
    }
}

}  // namespace
}  // namespace outrider::governance
