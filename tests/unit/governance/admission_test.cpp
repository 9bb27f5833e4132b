#include "governance/admission.hpp"

#include <memory>

#include <gtest/gtest.h>

#include "governance/breaker_table.hpp"
#include "tests/unit/governance/admitted.hpp"

namespace outrider::governance {
namespace {

using namespace admitted;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Admission, WithoutPoliciesEverythingGoes) {
    world w{{}};
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::go);
}

TEST(Admission, ALimitRefusesWithWhatItSawAndWhenToComeBack) {
    auto one = named("one");
    one.limits = {limit(10, 2)};
    world w{{one}};
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::go);
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::go);
    auto said = exchange{w}.admit(start);
    EXPECT_EQ(said.verdict, verdict::refuse);
    EXPECT_EQ(said.by->of->name, "one");
    EXPECT_EQ(said.by->kind, rule_kind::limit);
    EXPECT_NEAR(static_cast<double>(said.retry_after.count()), 1e8, 1e3);
    EXPECT_EQ(said.limit, 10);
    EXPECT_EQ(said.burst, 2);
    EXPECT_FALSE(said.degrade);
    EXPECT_EQ(w.count(0, rule_outcome::passed), 2);
    EXPECT_EQ(w.count(0, rule_outcome::refused), 1);
    EXPECT_EQ(exchange{w}.admit(start + milliseconds{101}).verdict, verdict::go);
}

TEST(Admission, WhatOneLimitRefusesCostsTheOthersNothing) {
    auto total = named("total"), each = named("each");
    total.limits = {limit(1, 10)};
    each.limits = {limit(1, 1)};
    world w{{total, each}};
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::go);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::refuse);
    EXPECT_EQ(w.set->policies()[0].limits[0].limiter->look(start).remaining, 9);
}

TEST(Admission, ACostCountsAsSoMany) {
    auto one = named("one");
    one.limits = {limit(1, 10)};
    one.cost = 5;
    world w{{one}};
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::go);
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::go);
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::refuse);
}

TEST(Admission, AShadowCountsAndLetsPass) {
    auto one = named("one");
    one.mode = mode::shadow;
    one.limits = {limit(1, 1)};
    one.concurrency = {{.max = 1}};
    world w{{one}};
    exchange first{w};
    EXPECT_EQ(first.admit(start).shadowed, 0U);
    auto said = exchange{w}.admit(start);
    EXPECT_EQ(said.verdict, verdict::go);
    EXPECT_EQ(said.shadowed, 2U);
    EXPECT_EQ(said.shadow->kind, rule_kind::limit);
    EXPECT_EQ(w.count(0, rule_outcome::refused), 1);
    EXPECT_EQ(w.count(1, rule_outcome::refused), 1);
}

TEST(Admission, APacedExchangeWaitsItsTimeAndThenTakesItsSlot) {
    auto one = named("one");
    auto paced = limit(10, 1);
    paced.over = over_limit::pace;
    paced.queue = 5;
    paced.longest_wait = seconds{1};
    one.limits = {paced};
    one.concurrency = {{.max = 1}};
    world w{{one}};
    exchange first{w}, second{w};
    EXPECT_EQ(first.admit(start).verdict, verdict::go);
    auto said = second.admit(start);
    ASSERT_EQ(said.verdict, verdict::wait);
    EXPECT_NEAR(static_cast<double>(said.wait.count()), 1e8, 1e3);
    first.holds.finish(outcome::success, start + milliseconds{50});
    EXPECT_EQ(second.way.resume(start + said.wait).verdict, verdict::go);
    EXPECT_EQ(w.set->policies()[0].concurrency[0].limiter->look().under_way, 1U);
}

TEST(Admission, ASlotThatIsTakenRefusesAndGivesTheTokensBack) {
    auto one = named("one");
    one.limits = {limit(1, 10)};
    one.concurrency = {{.max = 1}};
    world w{{one}};
    exchange first{w};
    EXPECT_EQ(first.admit(start).verdict, verdict::go);
    auto said = exchange{w}.admit(start);
    EXPECT_EQ(said.verdict, verdict::refuse);
    EXPECT_EQ(said.by->kind, rule_kind::concurrency);
    EXPECT_EQ(said.limit, 1);
    EXPECT_FALSE(said.degrade) << "there is no fallback";
    EXPECT_EQ(w.count(1, rule_outcome::refused), 1);
    EXPECT_EQ(w.set->policies()[0].limits[0].limiter->look(start).remaining, 9);
}

TEST(Admission, DegradesWhereAFallbackIsThereForRefusals) {
    for (bool on_refused : {true, false}) {
        auto one = named("one");
        one.concurrency = {{.max = 1}};
        one.fallback.emplace().on_refused = on_refused;
        world w{{one}};
        exchange first{w};
        EXPECT_EQ(first.admit(start).verdict, verdict::go);
        auto said = exchange{w}.admit(start);
        EXPECT_EQ(said.verdict, verdict::refuse);
        EXPECT_EQ(said.degrade, on_refused);
        EXPECT_EQ(w.count(0, on_refused ? rule_outcome::degraded : rule_outcome::refused), 1);
    }
}

/// The limit that 2,000 exchanges lead to, each with an answer after 10 ms that streams for longer and longer.
std::uint32_t limit_after_streaming(bool told_of_the_head) {
    auto one = named("one");
    one.concurrency = {{.adaptive = true, .max = 100, .initial = 10}};
    world w{{one}};
    auto& limiter = *w.set->policies()[0].concurrency[0].limiter;
    auto now = start;
    for (int round = 0; round < 200; ++round) {
        std::vector<std::unique_ptr<exchange>> together;
        while (limiter.look().under_way < limiter.look().limit && together.size() < 10) {
            together.push_back(std::make_unique<exchange>(w));
            EXPECT_EQ(together.back()->admit(now).verdict, verdict::go);
        }
        for (auto& each : together) {
            if (told_of_the_head) each->holds.answered(now + milliseconds{10});
            each->holds.finish(outcome::success, now + milliseconds{10 * (round + 1)});
        }
        now += milliseconds{10 * (round + 1)};
    }
    return limiter.look().limit;
}

TEST(Admission, AnAnswerThatStreamsForLongIsNotSlow) {
    auto told = limit_after_streaming(true);
    EXPECT_GE(told, 10U);
    EXPECT_LT(limit_after_streaming(false), told) << "this is what it would look like";
}

/// A waiter that notes its call.
void note(slot_waiter* self) { *static_cast<bool*>(self->owner) = true; }

TEST(Admission, AWaitingExchangeGoesOnWhenASlotComesBack) {
    auto one = named("one");
    one.concurrency = {{.max = 1, .queue = 1, .longest_wait = milliseconds{50}}};
    world w{{one}};
    exchange first{w}, second{w};
    bool called = false;
    second.waiter.on_granted = &note;
    second.waiter.owner = &called;
    EXPECT_EQ(first.admit(start).verdict, verdict::go);
    auto said = second.admit(start);
    ASSERT_EQ(said.verdict, verdict::wait);
    EXPECT_EQ(said.longest_wait, milliseconds{50});
    EXPECT_EQ(exchange{w}.admit(start).verdict, verdict::refuse) << "the queue is full";
    first.holds.finish(outcome::success, start);
    ASSERT_TRUE(called);
    EXPECT_EQ(second.way.resume(start).verdict, verdict::go);
    second.holds.finish(outcome::success, start);
    EXPECT_EQ(w.set->policies()[0].concurrency[0].limiter->look().under_way, 0U);
}

TEST(Admission, WhoGivesUpKeepsASlotThatCameAtTheLastMoment) {
    auto one = named("one");
    one.concurrency = {{.max = 1, .queue = 1, .longest_wait = milliseconds{50}}};
    world w{{one}};
    exchange first{w}, second{w};
    bool called = false;
    second.waiter.on_granted = &note;
    second.waiter.owner = &called;
    first.admit(start);
    second.admit(start);
    first.holds.finish(outcome::success, start);
    slot_waiter next;
    EXPECT_EQ(second.way.give_up(start, next).verdict, verdict::go);
    EXPECT_EQ(w.set->policies()[0].concurrency[0].limiter->look().under_way, 1U);
}

TEST(Admission, WhoGivesUpOrLeavesHoldsNothing) {
    auto one = named("one");
    one.concurrency = {{.max = 5}, {.max = 1, .queue = 2, .longest_wait = milliseconds{50}}};
    world w{{one}};
    exchange first{w}, second{w}, third{w};
    bool called = false;
    second.waiter.on_granted = third.waiter.on_granted = &note;
    second.waiter.owner = third.waiter.owner = &called;
    first.admit(start);
    EXPECT_EQ(second.admit(start).verdict, verdict::wait);
    EXPECT_EQ(third.admit(start).verdict, verdict::wait);
    slot_waiter next;
    EXPECT_EQ(second.way.give_up(start, next).verdict, verdict::refuse);
    third.way.cancel(start);
    const auto& rules = w.set->policies()[0].concurrency;
    EXPECT_EQ(rules[0].limiter->look().under_way, 1U);
    EXPECT_EQ(rules[1].limiter->look().waiting, 0U);
    first.holds.finish(outcome::success, start);
    EXPECT_FALSE(called);
    EXPECT_EQ(rules[1].limiter->look().under_way, 0U);
}

TEST(Admission, AnOpenBreakerRefusesTheAttemptAndGivesBackTheOthersLeave) {
    auto wide = named("wide"), narrow = named("narrow");
    wide.breakers = {{.consecutive = 100, .probes = 1}};
    narrow.breakers = {{.consecutive = 2}};
    world w{{wide, narrow}};
    exchange one{w};
    for (int i = 0; i < 2; ++i) {
        attempt_permit attempt;
        EXPECT_EQ(attempt.ask(one.by, "stock", start, w.counter()).verdict, verdict::go);
        attempt.finish(outcome::failure, start);
    }
    attempt_permit attempt;
    auto said = attempt.ask(one.by, "stock", start, w.counter());
    EXPECT_EQ(said.verdict, verdict::refuse);
    EXPECT_EQ(said.by->of->name, "narrow");
    EXPECT_GT(said.retry_after.count(), 0);
    attempt_permit other;
    EXPECT_EQ(other.ask(one.by, "billing", start, w.counter()).verdict, verdict::go) << "each upstream has its own";
    other.finish(outcome::success, start);
}

TEST(Admission, ThrottlingChargesWhatCameAndTellsHowLongToStaySilent) {
    auto one = named("one");
    auto bytes = limit(1'000, 1'000);
    bytes.of = measure::bytes;
    one.limits = {bytes};
    world w{{one}};
    exchange produce{w};
    amounts amount;
    amount.bytes = 1'000;
    EXPECT_EQ(throttle(produce.by, w.of, amount, start, w.counter()).wait.count(), 0);
    amount.bytes = 500;
    auto said = throttle(produce.by, w.of, amount, start, w.counter());
    EXPECT_EQ(said.verdict, verdict::wait);
    EXPECT_NEAR(static_cast<double>(said.wait.count()), 5e8, 1e4);
}

}  // namespace
}  // namespace outrider::governance
