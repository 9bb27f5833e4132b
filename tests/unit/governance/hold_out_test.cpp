#include <random>
#include <set>

#include <gtest/gtest.h>

#include "governance/balancer.hpp"

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

struct upstream {
    explicit upstream(std::size_t endpoints, balance_kind kind = balance_kind::peak_ewma)
        : which(endpoints, start), size(endpoints) {
        balance.kind = kind;
    }
    void say(std::size_t index, bool down) { which.hold_out(index, down, down ? "refused" : "", now += 1s); }
    /// Who gets calls.
    std::set<std::size_t> used() {
        std::set<std::size_t> out;
        for (int i = 0; i < 400; ++i) {
            const auto index = which.pick({}, now, {&balance, nullptr}, random());
            which.ended(index, outcome::success, 1ms, now, {&balance, nullptr});
            out.insert(index);
        }
        return out;
    }
    std::set<std::size_t> held() const {
        std::set<std::size_t> out;
        const auto seen = which.look(now);
        for (std::size_t i = 0; i < size; ++i)
            if (seen[i].held_out) out.insert(i);
        return out;
    }
    time_point now = start + 1h;
    balancer which;
    std::size_t size;
    balance_rule balance;
    std::mt19937_64 random{7};
};

TEST(HoldOut, LeavesOutWhatProbesFoundDownAndLetsItInAgain) {
    for (auto kind : {balance_kind::peak_ewma, balance_kind::least_requests, balance_kind::round_robin}) {
        upstream it(3, kind);
        it.say(1, true);
        EXPECT_EQ(it.used(), (std::set<std::size_t>{0, 2}));
        const auto seen = it.which.look(it.now);
        EXPECT_TRUE(seen[1].down && seen[1].held_out);
        EXPECT_EQ(seen[1].why_down, "refused");
        EXPECT_FALSE(seen[0].down || seen[0].held_out);
        it.say(1, false);
        it.now += 1h;
        EXPECT_EQ(it.used().size(), 3U);
        EXPECT_FALSE(it.which.look(it.now)[1].down);
    }
}

TEST(HoldOut, LeavesOutHalfAtMostAndTheLastThatWasFoundStaysIn) {
    upstream it(4);
    it.say(3, true);
    it.say(0, true);
    it.say(2, true);
    EXPECT_EQ(it.held(), (std::set<std::size_t>{0, 3}));
    EXPECT_TRUE(it.which.look(it.now)[2].down) << "it is down, and stays in";
    EXPECT_EQ(it.used(), (std::set<std::size_t>{1, 2}));
    it.say(3, false);
    EXPECT_EQ(it.held(), (std::set<std::size_t>{0, 2})) << "it goes out as soon as another returns";
}

TEST(HoldOut, NeverLeavesOutTheLastOne) {
    upstream two(2);
    two.say(0, true);
    two.say(1, true);
    EXPECT_EQ(two.held(), (std::set<std::size_t>{0}));
    upstream one(1);
    one.say(0, true);
    EXPECT_TRUE(one.held().empty());
    EXPECT_EQ(one.used(), (std::set<std::size_t>{0}));
}

TEST(HoldOut, SharesTheBoundWithEjectionAndTakesItFromThePolicy) {
    upstream it(4);
    eject_rule by;
    by.consecutive = 1;
    by.most = 0.25;
    const balancer::rules rules{&it.balance, &by};
    auto fail = [&](std::size_t index) {
        std::vector<std::size_t> others;
        for (std::size_t i = 0; i < it.size; ++i)
            if (i != index) others.push_back(i);
        const auto picked = it.which.pick(others, it.now, rules, it.random());
        it.which.ended(picked, outcome::failure, 1ms, it.now, rules);
    };
    fail(2);
    ASSERT_TRUE(it.which.look(it.now)[2].ejected);
    it.say(0, true);
    EXPECT_TRUE(it.held().empty()) << "a quarter is out already";
    it.now += 1h;
    it.say(0, true);
    EXPECT_EQ(it.held(), (std::set<std::size_t>{0})) << "the ejected one has returned";
    fail(1);
    EXPECT_FALSE(it.which.look(it.now)[1].ejected) << "what is held out counts for ejection too";
}

TEST(HoldOut, OutlivesAChangeOfTheEndpoints) {
    upstream it(2);
    it.say(1, true);
    const std::vector<std::size_t> kept{1, 0, 9};
    balancer next(it.which, kept, it.now);
    const auto seen = next.look(it.now);
    EXPECT_TRUE(seen[0].held_out);
    EXPECT_FALSE(seen[1].held_out || seen[2].held_out);
}

TEST(HoldOut, StartsSlowlyAfterItsReturn) {
    upstream it(2);
    it.balance.slow_start = 10s;
    it.say(0, true);
    it.say(0, false);
    int calls = 0;
    for (int i = 0; i < 1'000; ++i) {
        const auto index = it.which.pick({}, it.now, {&it.balance, nullptr}, it.random());
        it.which.ended(index, outcome::success, 1ms, it.now, {&it.balance, nullptr});
        calls += index == 0;
    }
    EXPECT_LT(calls, 250) << "a tenth of its share at first";
    EXPECT_GT(calls, 0);
}

/// Whatever is said: never all are out, never more than half, and none that is not down.
TEST(HoldOutProperty, KeepsItsBoundsWhateverIsSaid) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        std::mt19937 random{seed};
        upstream it(2 + random() % 7);
        std::set<std::size_t> down;
        for (int step = 0; step < 200; ++step) {
            const auto index = random() % it.size;
            const bool is_down = random() % 2 == 0;
            it.say(index, is_down);
            if (is_down)
                down.insert(index);
            else
                down.erase(index);
            const auto held = it.held();
            EXPECT_EQ(held.size(), std::min(down.size(), std::max<std::size_t>(it.size / 2, 1))) << seed;
            for (const auto each : held) EXPECT_TRUE(down.contains(each));
        }
    }
}

}  // namespace
}  // namespace outrider::governance
