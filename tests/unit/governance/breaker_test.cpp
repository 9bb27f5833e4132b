#include "governance/breaker.hpp"

#include <array>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;
using state = breaker::state;

/// A breaker and the time that it is told.
struct guarded {
    explicit guarded(const breaker_rule& rule) : which(rule, now) {}

    breaker::leave ask() { return which.ask(now); }
    void report(const breaker::leave& given, outcome how, nanoseconds took = 1ms) {
        which.report(given, how, took, now);
    }
    /// @return whether it was granted
    bool call(outcome how, nanoseconds took = 1ms) {
        const auto given = ask();
        report(given, how, took);
        return given.granted;
    }
    void calls(int count, outcome how, nanoseconds took = 1ms) {
        for (int i = 0; i < count; ++i) ASSERT_TRUE(call(how, took)) << "call " << i;
    }
    breaker::view look() const { return which.look(now); }
    breaker::state at() const { return look().state; }
    void open() {
        for (int i = 0; i < 1'000 && at() != state::open; ++i) call(outcome::failure);
        ASSERT_EQ(at(), state::open);
    }
    /// Through the probes and the ramp.
    void close() {
        for (int i = 0; i < 1'000 && at() != state::closed; ++i, now += 100ms) call(outcome::success);
        ASSERT_EQ(at(), state::closed);
    }

    time_point now{1h};
    breaker which;
};

breaker_rule in_a_row(std::uint32_t count) {
    breaker_rule rule;
    rule.consecutive = count;
    return rule;
}

breaker_rule by_share(double failures) {
    breaker_rule rule;
    rule.failures = failures;
    return rule;
}

breaker_rule by_slowness(double share) {
    breaker_rule rule;
    rule.slow = share;
    rule.slow_over = 400ms;
    return rule;
}

TEST(Breaker, OpensOnFailuresInARow) {
    guarded it(in_a_row(5));
    it.calls(4, outcome::failure);
    it.calls(1, outcome::success);
    it.calls(5, outcome::failure);
    EXPECT_FALSE(it.ask().granted);
    EXPECT_EQ(it.look().why, "5 failures in a row");
    EXPECT_EQ(it.look().openings, 1u);
}

TEST(Breaker, DoesNotTakeIgnoredResultsForSuccesses) {
    guarded it(in_a_row(5));
    for (int i = 0; i < 4; ++i) {
        it.calls(1, outcome::failure);
        it.calls(1, outcome::ignored);
    }
    EXPECT_EQ(it.look().calls, 4u);
    it.calls(1, outcome::failure);
    EXPECT_EQ(it.at(), state::open);
}

TEST(Breaker, OpensOnTheShareOfFailuresOnceThereAreEnoughCalls) {
    guarded it(by_share(0.5));
    it.calls(19, outcome::failure);
    EXPECT_EQ(it.at(), state::closed);
    it.calls(1, outcome::success);  // the twentieth call makes it a share, though it succeeded itself
    EXPECT_EQ(it.at(), state::open);
    EXPECT_EQ(it.look().why, "95% of 20 calls failed in 10s");
}

TEST(Breaker, StaysClosedBelowTheShare) {
    guarded it(by_share(0.5));
    for (int i = 0; i < 1'000; ++i, it.now += 20ms) {
        it.calls(2, outcome::success);
        it.calls(1, outcome::failure);
        ASSERT_EQ(it.at(), state::closed) << i;
    }
}

TEST(Breaker, OpensOnTheShareOfSlowCalls) {
    guarded it(by_slowness(0.8));
    it.calls(4, outcome::success, 400ms);  // not over 400 ms
    it.calls(15, outcome::success, 401ms);
    EXPECT_EQ(it.look().slow, 15u);
    EXPECT_EQ(it.at(), state::closed);
    it.calls(1, outcome::success, 2s);
    EXPECT_EQ(it.at(), state::open);
    EXPECT_EQ(it.look().why, "80% of 20 calls took over 400ms in 10s");
}

TEST(Breaker, ForgetsWhatIsOlderThanItsWindow) {
    guarded it(by_share(0.5));
    it.calls(19, outcome::failure);
    it.now += 10s;
    EXPECT_EQ(it.look().calls, 0u);
    it.calls(19, outcome::failure);
    EXPECT_EQ(it.at(), state::closed);
    it.now += 8s;
    it.calls(1, outcome::failure);
    EXPECT_EQ(it.at(), state::open);
}

TEST(Breaker, OpensWhenSuccessesGrowOldAndFailuresStay) {
    guarded it(by_share(0.5));
    it.calls(40, outcome::success);
    it.now += 5s;
    it.calls(19, outcome::failure);
    EXPECT_EQ(it.at(), state::closed);
    it.now += 5s;
    it.calls(1, outcome::success);
    EXPECT_EQ(it.at(), state::open);
}

TEST(Breaker, StaysOpenForAtMostItsTimeAndAtLeastNineTenthsOfIt) {
    guarded it(in_a_row(1));
    nanoseconds least = 1h, most{0};
    for (int round = 0; round < 200; ++round) {
        it.now += 17ms;
        if (it.at() == state::closed) it.open();
        const auto since = it.now - it.look().since;
        auto refused = it.ask();
        ASSERT_FALSE(refused.granted);
        it.now += refused.wait - 1ns;
        ASSERT_FALSE(it.ask().granted);
        it.now += 1ns;
        const auto probe = it.ask();
        ASSERT_TRUE(probe.granted && probe.probe);
        least = std::min(least, nanoseconds(it.now - since));
        most = std::max(most, nanoseconds(it.now - since));
        it.report(probe, outcome::failure);  // the time does not grow with failed probes
    }
    EXPECT_GE(least, 900ms);
    EXPECT_LT(least, 920ms);
    EXPECT_LE(most, 1s);
    EXPECT_GT(most, 980ms);
}

TEST(Breaker, ProbesOneByOneUntilOneSucceedsThenAsManyAsAreMissing) {
    guarded it(in_a_row(1));
    it.open();
    it.now += 1s;
    const auto first = it.ask();
    EXPECT_TRUE(first.probe);
    const auto refused = it.ask();
    EXPECT_FALSE(refused.granted);
    EXPECT_GT(refused.wait, 0ns);
    it.report(first, outcome::success);
    const std::array more{it.ask(), it.ask(), it.ask()};
    EXPECT_TRUE(more[0].probe);
    EXPECT_TRUE(more[1].probe);
    EXPECT_FALSE(more[2].granted);
    it.report(more[0], outcome::success);
    EXPECT_EQ(it.at(), state::half_open);
    it.report(more[1], outcome::success);
    EXPECT_EQ(it.at(), state::ramp);
}

TEST(Breaker, SeesAnUpstreamComeBackWhileEarlierProbesStillHang) {
    guarded it(in_a_row(1));
    it.open();
    it.now += 1s;
    EXPECT_TRUE(it.ask().probe);
    it.now += 999ms;
    EXPECT_FALSE(it.ask().granted);
    it.now += 1ms;
    EXPECT_TRUE(it.ask().probe);
    it.now += 1s;
    EXPECT_TRUE(it.call(outcome::success));
    EXPECT_EQ(it.at(), state::half_open);
}

TEST(Breaker, OpensAgainWhenAProbeFails) {
    guarded it(in_a_row(1));
    it.open();
    it.now += 1s;
    EXPECT_TRUE(it.call(outcome::success));
    const auto second = it.ask(), third = it.ask();
    it.report(second, outcome::failure);
    EXPECT_EQ(it.at(), state::open);
    EXPECT_EQ(it.look().why, "a probe failed");
    it.now += 1s;
    EXPECT_EQ(it.at(), state::half_open);
    it.report(third, outcome::failure);  // of an older generation
    EXPECT_EQ(it.at(), state::half_open);
}

TEST(Breaker, GivesTheSlowShareOfProbesTheSameRule) {
    guarded it(by_slowness(0.5));
    it.calls(19, outcome::success, 1s);
    it.call(outcome::success, 1s);
    it.now += 1s;
    EXPECT_TRUE(it.call(outcome::success, 1s));
    EXPECT_EQ(it.at(), state::half_open);  // one of three
    EXPECT_TRUE(it.call(outcome::success, 1s));
    EXPECT_EQ(it.at(), state::open);
    EXPECT_EQ(it.look().why, "2 of 3 probes took over 400ms");
}

TEST(Breaker, TakesAProbeThatDoesNotReportForFailed) {
    guarded it(in_a_row(1));
    it.open();
    it.now += 1s;
    const auto lost = it.ask();
    it.now += 10s - 1ns;
    EXPECT_EQ(it.at(), state::half_open);
    it.now += 1ns;
    EXPECT_EQ(it.at(), state::open);
    EXPECT_EQ(it.look().why, "a probe did not report within 10s");
    it.now += 1s;
    EXPECT_TRUE(it.ask().probe);
    it.report(lost, outcome::failure);
    EXPECT_EQ(it.at(), state::half_open);
}

TEST(Breaker, CountsTheTimeOpenFromTheEndOfALeaseThoughNobodyLooked) {
    guarded it(in_a_row(1));
    it.open();
    it.now += 1s;
    const auto lost = it.ask();
    it.now += 1h;
    EXPECT_TRUE(it.ask().probe);
    it.report(lost, outcome::success);
    EXPECT_EQ(it.at(), state::half_open);
    EXPECT_EQ(it.look().openings, 2u);
}

TEST(Breaker, GivesAProbesPlaceBackWhenItIsIgnored) {
    guarded it(in_a_row(1));
    it.open();
    it.now += 1s;
    for (int i = 0; i < 100; ++i) {
        const auto probe = it.ask();
        ASSERT_TRUE(probe.probe) << i;
        ASSERT_FALSE(it.ask().granted) << i;
        it.report(probe, outcome::ignored);
    }
    EXPECT_EQ(it.at(), state::half_open);
}

TEST(Breaker, RampsEvenlyFromATenthToTheWhole) {
    guarded it(in_a_row(5));
    it.open();
    it.now += 1s;
    it.calls(3, outcome::success);
    ASSERT_EQ(it.at(), state::ramp);
    // 1,000 calls a second; of every hundred as many pass as the share says, give or take one.
    for (int tenth = 0; tenth < 50; ++tenth) {
        double expected = 0;
        int passed = 0;
        for (int i = 0; i < 100; ++i, it.now += 1ms) {
            expected += std::max(0.1, (tenth * 100 + i) / 5'000.0);
            passed += it.call(outcome::success);
        }
        EXPECT_NEAR(passed, expected, 1.01) << tenth;
    }
    EXPECT_EQ(it.at(), state::closed);
}

TEST(Breaker, LetsTheFirstCallOfARampPass) {
    guarded it(in_a_row(5));
    it.open();
    it.now += 1s;
    it.calls(4, outcome::success);
    EXPECT_EQ(it.at(), state::ramp);
}

TEST(Breaker, OpensAgainOnFailuresDuringTheRamp) {
    for (const auto& rule : {in_a_row(5), by_share(0.5)}) {
        guarded it(rule);
        it.open();
        it.now += 1s;
        it.calls(3, outcome::success);
        it.now += 2s;
        for (int i = 0; i < 100 && it.look().openings == 1; ++i) it.call(outcome::failure);
        EXPECT_EQ(it.at(), state::open);
        EXPECT_EQ(it.look().openings, 2u);
    }
}

TEST(Breaker, ClosesAtOnceWithoutARamp) {
    auto rule = in_a_row(1);
    rule.ramp = 0ms;
    rule.probes = 1;
    guarded it(rule);
    it.open();
    it.now += 1s;
    it.calls(1, outcome::success);
    EXPECT_EQ(it.at(), state::closed);
}

TEST(Breaker, LearnsNothingFromResultsOfAnOlderGeneration) {
    auto rule = in_a_row(3);
    rule.failures = 0.5;
    guarded it(rule);
    std::vector<breaker::leave> old;
    for (int i = 0; i < 100; ++i) old.push_back(it.ask());
    it.open();
    it.close();
    for (const auto& each : old) it.report(each, outcome::failure);
    EXPECT_EQ(it.at(), state::closed);
    EXPECT_EQ(it.look().calls, 0u);
    it.calls(2, outcome::failure);
    EXPECT_EQ(it.at(), state::closed);
}

TEST(Breaker, ForcedOpenRefusesWhateverHappensAndIsProbedAfterwards) {
    guarded it(in_a_row(5));
    const auto before = it.ask();
    it.which.force(breaker_force::open, it.now);
    it.report(before, outcome::success);
    for (int i = 0; i < 100; ++i, it.now += 1s) ASSERT_FALSE(it.ask().granted);
    EXPECT_EQ(it.look().why, "forced open");
    EXPECT_EQ(it.look().forced, breaker_force::open);
    it.which.force(breaker_force::none, it.now);
    EXPECT_TRUE(it.ask().probe);
    EXPECT_FALSE(it.ask().granted);
}

TEST(Breaker, ForcedClosedGrantsWhateverHappensAndCounts) {
    guarded it(in_a_row(5));
    it.open();
    it.which.force(breaker_force::closed, it.now);
    it.calls(100, outcome::failure);
    EXPECT_EQ(it.at(), state::closed);
    EXPECT_EQ(it.look().failures, 100u);
    it.which.force(breaker_force::none, it.now);
    EXPECT_TRUE(it.call(outcome::failure));
    EXPECT_EQ(it.at(), state::open);
}

TEST(Breaker, MetricsOnlyChangesStateAndRefusesNothing) {
    auto rule = in_a_row(5);
    rule.forced = breaker_force::metrics;
    guarded it(rule);
    std::array<int, 4> seen{};
    for (int i = 0; i < 10'000; ++i, it.now += 10ms) {
        const bool failing = i / 1'000 % 2 == 0;
        ASSERT_TRUE(it.call(failing ? outcome::failure : outcome::success)) << i;
        ++seen[static_cast<std::size_t>(it.at())];
    }
    for (auto which : {state::closed, state::open, state::ramp}) EXPECT_GT(seen[static_cast<std::size_t>(which)], 0);
    EXPECT_GE(it.look().openings, 5u);
    it.open();
    it.which.force(breaker_force::none, it.now);
    EXPECT_FALSE(it.ask().granted);
}

TEST(Breaker, CostsCallersOfADeadUpstreamOneCallInItsTimeAndFindsItsReturnWithinIt) {
    guarded it(in_a_row(5));
    int through = 0;
    for (int i = 0; i < 60'000; ++i, it.now += 1ms) through += it.call(outcome::failure);
    EXPECT_LE(through, 5 + 67);
    EXPECT_GE(through, 5 + 59);
    const auto returned = it.now;
    while (!it.call(outcome::success)) it.now += 1ms;
    EXPECT_LE(it.now - returned, 1s);
}

TEST(Breaker, NamesItsStates) {
    EXPECT_EQ(name_of(state::closed), "closed");
    EXPECT_EQ(name_of(state::open), "open");
    EXPECT_EQ(name_of(state::half_open), "half_open");
    EXPECT_EQ(name_of(state::ramp), "ramp");
}

}  // namespace
}  // namespace outrider::governance
