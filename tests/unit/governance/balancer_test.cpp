#include "governance/balancer.hpp"

#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

struct upstream {
    upstream(std::size_t endpoints, balance_kind kind) : which(endpoints, start), size(endpoints) {
        balance.kind = kind;
    }
    balancer::rules rules() const { return {&balance, ejects ? &eject : nullptr}; }
    std::size_t pick(std::vector<std::size_t> tried = {}) { return which.pick(tried, now, rules(), random()); }
    void end(std::size_t index, outcome how, nanoseconds took = 1ms) { which.ended(index, how, took, now, rules()); }
    /// A result at a certain endpoint, however it came to it.
    void result(std::size_t index, outcome how, nanoseconds took = 1ms) {
        std::vector<std::size_t> others;
        for (std::size_t i = 0; i < size; ++i)
            if (i != index) others.push_back(i);
        const auto picked = pick(others);
        end(picked, picked == index ? how : outcome::ignored, took);
        ASSERT_EQ(picked, index);
    }
    void fail(std::size_t index, int times) {
        for (int i = 0; i < times; ++i) result(index, outcome::failure);
    }
    /// How `count` calls one after the other are shared out.
    std::vector<int> shares(int count, nanoseconds took = 1ms) {
        std::vector<int> out(size);
        for (int i = 0; i < count; ++i) {
            const auto index = pick();
            ++out[index];
            end(index, outcome::success, took);
        }
        return out;
    }
    auto look() const { return which.look(now); }

    time_point now = start + 1min;
    balancer which;
    std::size_t size;
    balance_rule balance;
    eject_rule eject;
    bool ejects = true;
    std::mt19937_64 random{42};
};

TEST(Balancer, TakesTheOnlyEndpointWhateverBefellIt) {
    upstream it(1, balance_kind::peak_ewma);
    for (int i = 0; i < 20; ++i) {
        const auto index = it.pick({0});
        EXPECT_EQ(it.look()[0].under_way, 1u);
        it.end(index, outcome::failure);
    }
    EXPECT_FALSE(it.look()[0].ejected);
    EXPECT_EQ(it.look()[0].calls, 20u);
    EXPECT_EQ(it.look()[0].failures, 20u);
    EXPECT_EQ(it.look()[0].under_way, 0u);
}

TEST(Balancer, GoesRoundInTurn) {
    upstream it(4, balance_kind::round_robin);
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(it.pick(), i % 4);
}

TEST(Balancer, PrefersFewerRequestsUnderWay) {
    upstream it(2, balance_kind::least_requests);
    int first = 0;
    for (int i = 0; i < 100; ++i) first += it.pick() == 0;
    EXPECT_EQ(first, 50);
}

TEST(Balancer, SharesEvenlyAmongEquals) {
    for (auto kind : {balance_kind::peak_ewma, balance_kind::round_robin, balance_kind::least_requests}) {
        upstream it(4, kind);
        for (int share : it.shares(10'000)) EXPECT_NEAR(share, 2'500, 250);
    }
}

TEST(Balancer, TriesWhatWasNeverCalledOnceAndSendsTheOthersElsewhere) {
    upstream it(2, balance_kind::peak_ewma);
    it.result(0, outcome::success, 10ms);
    const auto unknown = it.pick();
    EXPECT_EQ(unknown, 1u);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(it.pick(), 0u);
}

TEST(Balancer, WeighsLatencyByWhatIsUnderWay) {
    upstream it(2, balance_kind::peak_ewma);
    it.result(0, outcome::success, 10ms);
    it.result(1, outcome::success, 30ms);
    int first = 0;
    for (int i = 0; i < 100; ++i) first += it.pick() == 0;
    EXPECT_NEAR(first, 75, 2);
}

TEST(Balancer, TakesAnEndpointThatNeverSucceededForSlow) {
    upstream it(2, balance_kind::peak_ewma);
    it.result(0, outcome::failure, 100us);
    EXPECT_NEAR(it.look()[0].latency_ms, 1'000, 1);
}

TEST(Balancer, TakesASlowAnswerToHeartAtOnceAndForgetsItSlowly) {
    upstream it(2, balance_kind::peak_ewma);
    it.balance.decay = 10s;
    it.result(0, outcome::success, 10ms);
    it.result(0, outcome::success, 500ms);
    EXPECT_NEAR(it.look()[0].latency_ms, 500, 0.1);
    it.result(0, outcome::success, 10ms);
    EXPECT_NEAR(it.look()[0].latency_ms, 500, 0.1);
    it.now += 10s;
    EXPECT_NEAR(it.look()[0].latency_ms, 500 / std::exp(1.0), 0.5);  // without calls it fades
    it.result(0, outcome::success, 10ms);
    EXPECT_NEAR(it.look()[0].latency_ms, 500 / std::exp(1.0) + 10 * (1 - 1 / std::exp(1.0)), 0.5);
}

TEST(Balancer, IgnoredResultsSayNothing) {
    upstream it(2, balance_kind::peak_ewma);
    it.result(0, outcome::success, 10ms);
    for (int i = 0; i < 10; ++i) it.result(0, outcome::ignored, 1h);
    EXPECT_NEAR(it.look()[0].latency_ms, 10, 0.1);
    EXPECT_EQ(it.look()[0].calls, 1u);
}

TEST(Balancer, IsNotDrawnToAnEndpointThatRefusesAtOnce) {
    upstream it(4, balance_kind::peak_ewma);
    it.ejects = false;
    int at_dead = 0;
    for (int i = 0; i < 60'000; ++i, it.now += 1ms) {
        const auto index = it.pick();
        at_dead += index == 3;
        it.end(index, index == 3 ? outcome::failure : outcome::success, index == 3 ? 100us : 10ms);
    }
    EXPECT_LT(at_dead, 100);
    EXPECT_GT(at_dead, 1);  // it is tried now and then
}

TEST(Balancer, LeavesOutWhatWasTriedWhereThereAreOthers) {
    for (auto kind : {balance_kind::peak_ewma, balance_kind::round_robin, balance_kind::least_requests}) {
        upstream it(3, kind);
        for (int i = 0; i < 100; ++i) {
            const auto first = it.pick();
            const auto second = it.pick({first});
            const auto third = it.pick({first, second});
            EXPECT_EQ(first + second + third, 3u);
            EXPECT_NE(first, second);
            EXPECT_LT(it.pick({0, 1, 2}), 3u);
        }
    }
}

TEST(Balancer, PrefersATriedEndpointToAnEjectedOne) {
    upstream it(2, balance_kind::peak_ewma);
    it.fail(1, 5);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(it.pick({0}), 0u);
}

TEST(Ejection, LeavesOutAnEndpointAfterFailuresInARow) {
    for (auto kind : {balance_kind::peak_ewma, balance_kind::round_robin, balance_kind::least_requests}) {
        upstream it(3, kind);
        it.fail(2, 4);
        it.result(2, outcome::success);
        it.fail(2, 4);
        EXPECT_FALSE(it.look()[2].ejected);
        it.fail(2, 1);
        EXPECT_TRUE(it.look()[2].ejected);
        EXPECT_EQ(it.look()[2].why, "5 failures in a row");
        EXPECT_EQ(it.look()[2].left, 5s);
        const auto shares = it.shares(1'000);
        EXPECT_EQ(shares[2], 0);
        EXPECT_NEAR(shares[0], 500, 100);
        it.now += 5s;
        EXPECT_FALSE(it.look()[2].ejected);
        EXPECT_GT(it.shares(1'000)[2], 100);
    }
}

TEST(Ejection, LeavesOutAnEndpointByItsShareOfFailures) {
    upstream it(3, balance_kind::peak_ewma);
    it.eject.consecutive.reset();
    it.eject.failures = 0.5;
    for (int i = 0; i < 5; ++i) it.result(1, outcome::success);
    it.fail(1, 4);
    EXPECT_FALSE(it.look()[1].ejected);
    it.fail(1, 1);
    EXPECT_TRUE(it.look()[1].ejected);
    EXPECT_EQ(it.look()[1].why, "50% of 10 calls failed in 10s");
    it.now += 6s;
    it.fail(1, 9);
    EXPECT_FALSE(it.look()[1].ejected);
    it.fail(1, 1);
    EXPECT_TRUE(it.look()[1].ejected);
    EXPECT_EQ(it.look()[1].why, "100% of 10 calls failed in 10s");
}

TEST(Ejection, LastsLongerEachTimeInARowUpToTenTimes) {
    upstream it(3, balance_kind::peak_ewma);
    for (int time = 1; time <= 12; ++time) {
        it.fail(0, 5);
        ASSERT_TRUE(it.look()[0].ejected) << time;
        ASSERT_EQ(it.look()[0].left, 5s * std::min(time, 10)) << time;
        it.now += it.look()[0].left + 1s;
    }
    it.now += 50s;  // as long as it had been away: a new row
    it.fail(0, 5);
    EXPECT_EQ(it.look()[0].left, 5s);
    EXPECT_EQ(it.look()[0].ejections, 13u);
}

TEST(Ejection, NeverTakesMoreThanItsShareNorTheLast) {
    struct limit {
        std::size_t endpoints;
        double most;
        int ejected;
    };
    for (auto [endpoints, most, ejected] :
         {limit{2, 0.5, 1}, limit{3, 0.5, 1}, limit{4, 0.5, 2}, limit{10, 0.3, 3}, limit{4, 1, 3}, limit{4, 0.1, 1}}) {
        upstream it(endpoints, balance_kind::peak_ewma);
        it.eject.most = most;
        for (int round = 0; round < 20; ++round)
            for (std::size_t i = 0; i < endpoints; ++i)
                if (!it.look()[i].ejected) it.fail(i, 1);
        int out = 0;
        for (const auto& each : it.look()) out += each.ejected;
        EXPECT_EQ(out, ejected) << endpoints << " endpoints, at most " << most;
    }
}

TEST(Ejection, IsNotBroughtAboutByCallsThatBeganBeforeTheReturn) {
    upstream it(3, balance_kind::peak_ewma);
    std::vector<std::size_t> late;
    for (int i = 0; i < 10; ++i) late.push_back(it.pick({0, 1}));
    it.fail(2, 5);
    it.now += 6s;
    for (auto index : late) it.end(index, outcome::failure, 6s);
    EXPECT_FALSE(it.look()[2].ejected);
    EXPECT_EQ(it.look()[2].latency_ms, 0);  // nor do they make it look slow
}

TEST(Ejection, UsesAllWhenAllAreEjected) {
    upstream before(3, balance_kind::peak_ewma);
    before.fail(0, 5);
    const std::size_t kept[] = {0};  // the ejected one is all that stays
    balancer after(before.which, kept, before.now);
    EXPECT_EQ(after.pick({}, before.now, before.rules(), 1), 0u);
    const std::size_t twice[] = {0, 0};
    balancer both(before.which, twice, before.now);
    EXPECT_LT(both.pick({}, before.now, before.rules(), 1), 2u);
}

TEST(SlowStart, GrowsFromATenthToTheWhole) {
    for (auto kind : {balance_kind::peak_ewma, balance_kind::round_robin, balance_kind::least_requests}) {
        upstream it(4, kind);
        it.balance.slow_start = 10s;
        it.shares(100);
        it.now += 1min;
        it.fail(3, 5);
        it.now += 5s + 2ms;  // so that its calls begin after it is back
        EXPECT_NEAR(it.shares(10'000)[3], 250, 80);
        it.now += 5s;
        EXPECT_NEAR(it.shares(10'000)[3], 1'375, 250);
        it.now += 5s;
        EXPECT_NEAR(it.shares(10'000)[3], 2'500, 250);
    }
}

TEST(SlowStart, ChangesNothingAmongEndpointsThatAreAllNew) {
    upstream it(4, balance_kind::least_requests);
    it.balance.slow_start = 10s;
    it.now = start;
    for (int share : it.shares(10'000)) EXPECT_NEAR(share, 2'500, 250);
}

TEST(SlowStart, IsForTheNewAmongEndpointsThatStay) {
    upstream it(2, balance_kind::least_requests);
    it.balance.slow_start = 10s;
    it.now += 1h;
    it.shares(10);
    const std::size_t kept[] = {1, 99, 0};
    balancer after(it.which, kept, it.now);
    EXPECT_EQ(after.look(it.now)[0].calls, it.look()[1].calls);
    EXPECT_EQ(after.look(it.now)[1].calls, 0u);
    int at_new = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto index = after.pick({}, it.now, it.rules(), it.random());
        at_new += index == 1;
        after.ended(index, outcome::success, 1ms, it.now, it.rules());
    }
    EXPECT_NEAR(at_new, 333, 100);
}

TEST(BalancerThreads, LeaveNothingUnderWay) {
    balancer it(4, start);
    balance_rule balance;
    eject_rule eject;
    eject.time = 1ms;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            std::mt19937_64 random(t);
            for (int i = 0; i < 20'000; ++i) {
                const auto now = start + i * 10us;
                const auto index = it.pick({}, now, {&balance, &eject}, random());
                const auto how = index == 3 || random() % 10 == 0 ? outcome::failure : outcome::success;
                it.ended(index, how, std::chrono::microseconds(random() % 1'000), now, {&balance, &eject});
                if (i % 500 == 0) it.look(now);
            }
        });
    for (auto& each : threads) each.join();
    std::uint64_t calls = 0;
    for (const auto& each : it.look(start)) {
        EXPECT_EQ(each.under_way, 0u);
        calls += each.calls;
    }
    EXPECT_EQ(calls, 80'000u);
    EXPECT_GT(it.look(start)[3].ejections, 0u);
}

}  // namespace
}  // namespace outrider::governance
