#include "sidecar/http/attempt_plan.hpp"

#include <array>
#include <memory>

#include <gtest/gtest.h>

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using enum exchange::failure_code;
using governance::retry_rule;
using governance::rule_outcome;

const governance::time_point start{1h};
constexpr auto never = governance::time_point::max();

/// A plan under one rule, with its counts.
struct planned {
    explicit planned(retry_rule with, std::size_t endpoints = 1) : rule(std::move(with)) {
        compiled.rule = &rule;
        compiled.budget = std::make_shared<governance::retry_budget>(rule, start);
        plan.begin(&compiled, endpoints, start, counter());
        plan.attempt_at(0);
    }
    governance::decision_counter counter() {
        return {[](void* owner, governance::rule_number, rule_outcome outcome) {
                    ++static_cast<planned*>(owner)->counts[static_cast<std::size_t>(outcome)];
                },
                this};
    }
    int counted(rule_outcome outcome) const { return counts[static_cast<std::size_t>(outcome)]; }
    attempt_plan::step next(const attempt_end& of, governance::time_point end = never, std::uint32_t random = 0) {
        return plan.next(of, start, end, random);
    }
    retry_rule rule;
    governance::compiled_retry compiled;
    std::array<int, governance::rule_outcomes> counts{};
    attempt_plan plan;
};

attempt_end failed(exchange::failure_code code, bool retryable = false, bool repeatable = true) {
    attempt_end out;
    out.failure = {code, exchange::origin::upstream, retryable};
    out.repeatable = repeatable;
    return out;
}

attempt_end refused() { return failed(connect_refused, true, false); }

attempt_end answered(int status) {
    attempt_end out;
    out.status = status;
    out.repeatable = true;
    return out;
}

retry_rule rule_with(std::vector<int> statuses = {}) {
    retry_rule out;
    out.statuses = std::move(statuses);
    return out;
}

TEST(AttemptPlan, WithoutAPolicyTriesTheEndpointsInTurnUntilOneAccepts) {
    for (std::size_t endpoints : {1U, 2U, 3U, 7U}) {
        attempt_plan plan;
        plan.begin(nullptr, endpoints, start, {});
        std::size_t connects = 1;
        while (plan.next(refused(), start, never, 0).again) ++connects;
        EXPECT_EQ(connects, std::min<std::size_t>(endpoints, 3));
    }
}

TEST(AttemptPlan, WithoutAPolicyRepeatsNothingThatWasSent) {
    attempt_plan plan;
    plan.begin(nullptr, 3, start, {});
    for (auto code : {upstream_closed, upstream_timeout, upstream_malformed})
        EXPECT_FALSE(plan.next(failed(code), start, never, 0).again);
    EXPECT_FALSE(plan.next(answered(503), start, never, 0).again);
    EXPECT_FALSE(plan.retries(503));
}

TEST(AttemptPlan, RetriesWhatTheRuleLists) {
    struct row {
        const char* what;
        attempt_end end;
        bool connect, reset, timeout;
        std::vector<int> statuses;
    };
    const row table[] = {
        {"connect refused", refused(), true, false, false, {}},
        {"connect timed out", failed(connect_timeout, true, false), true, false, false, {}},
        {"reset", failed(upstream_closed), false, true, false, {}},
        {"timeout", failed(upstream_timeout), false, false, true, {}},
        {"status", answered(503), false, false, false, {502, 503}},
    };
    for (const auto& row : table) {
        retry_rule rule;
        rule.on_connect = row.connect;
        rule.on_reset = row.reset;
        rule.on_timeout = row.timeout;
        rule.statuses = row.statuses;
        EXPECT_TRUE(planned{rule}.next(row.end).again) << row.what;
        retry_rule others;
        others.on_connect = !row.connect;
        others.on_reset = !row.reset;
        others.on_timeout = !row.timeout;
        others.statuses = {500};
        EXPECT_FALSE(planned{others}.next(row.end).again) << row.what;
    }
}

TEST(AttemptPlan, NeverRetriesWhatWouldFailAgainOrIsNotTheUpstreams) {
    retry_rule all;
    all.on_reset = all.on_timeout = true;
    all.statuses = {503};
    for (auto code : {tls_failed, destination_refused, upstream_malformed, upstream_truncated, total_timeout,
                      deadline_exceeded, client_gone, request_timeout, draining, circuit_open})
        EXPECT_FALSE(planned{all}.next(failed(code)).again) << exchange::name_of(code);
    EXPECT_FALSE(planned{all}.next(answered(500)).again);
}

TEST(AttemptPlan, SendsNothingTwiceThatMayNotBe) {
    retry_rule all;
    all.on_reset = all.on_timeout = true;
    all.statuses = {503};
    auto once = answered(503);
    once.repeatable = false;
    EXPECT_FALSE(planned{all}.next(once).again);
    EXPECT_FALSE(planned{all}.next(failed(upstream_closed, false, false)).again);
    EXPECT_TRUE(planned{all}.next(refused()).again) << "nothing was sent when nobody accepted";
}

TEST(AttemptPlan, MakesAsManyAttemptsAsTheRuleSays) {
    auto rule = rule_with({503});
    rule.attempts = 3;
    planned p{rule};
    EXPECT_TRUE(p.next(answered(503)).again);
    p.plan.attempt_at(0);
    EXPECT_TRUE(p.next(answered(503)).again);
    p.plan.attempt_at(0);
    EXPECT_FALSE(p.next(answered(503)).again);
    EXPECT_EQ(p.counted(rule_outcome::retried), 2);
}

TEST(AttemptPlan, KeepsToTheBudgetAndGivesEachPlaceBackOnce) {
    auto rule = rule_with({503});
    rule.attempts = 10;
    rule.budget = 0;
    rule.budget_floor = 1;
    planned p{rule};
    ASSERT_TRUE(p.next(answered(503)).again);
    {
        attempt_plan other;
        other.begin(&p.compiled, 1, start, p.counter());
        other.attempt_at(0);
        EXPECT_FALSE(other.next(answered(503), start, never, 0).again) << "the one place is taken";
    }
    EXPECT_EQ(p.counted(rule_outcome::budget_spent), 1);
    p.plan.attempt_at(0);
    EXPECT_TRUE(p.next(answered(503)).again) << "the retry that ended gave its place back";
    p.plan.end();
    p.plan.end();
    {
        attempt_plan other;
        other.begin(&p.compiled, 1, start, p.counter());
        other.attempt_at(0);
        EXPECT_TRUE(other.next(answered(503), start, never, 0).again);
    }
    EXPECT_TRUE(p.compiled.budget->begin(start)) << "given back by the destructor";
    EXPECT_FALSE(p.compiled.budget->begin(start)) << "and not twice";
}

TEST(AttemptPlan, WaitsARandomShareOfABackoffThatDoubles) {
    auto rule = rule_with({503});
    rule.attempts = 4;
    rule.backoff = 100ms;
    rule.longest_backoff = 150ms;
    constexpr auto most = ~std::uint32_t{0};
    planned p{rule};
    auto first = p.next(answered(503), never, most).wait;
    EXPECT_GT(first, 90ms);
    EXPECT_LE(first, 100ms);
    p.plan.attempt_at(0);
    auto second = p.next(answered(503), never, most).wait;
    EXPECT_GT(second, 140ms);
    EXPECT_LE(second, 150ms);
    p.plan.attempt_at(0);
    EXPECT_LE(p.next(answered(503), never, 0).wait, 1ms);
}

TEST(AttemptPlan, DoesNotWaitForAnotherEndpointWhenNobodyAccepted) {
    planned p{rule_with(), 2};
    auto end = refused();
    end.elsewhere = true;
    auto step = p.next(end, never, ~std::uint32_t{0});
    EXPECT_TRUE(step.again);
    EXPECT_EQ(step.wait, 0ms);
}

TEST(AttemptPlan, BeginsNothingBehindTheDeadline) {
    auto rule = rule_with({503});
    rule.backoff = rule.longest_backoff = 100ms;
    constexpr auto most = ~std::uint32_t{0};
    EXPECT_FALSE(planned{rule}.next(answered(503), start, most).again);
    EXPECT_FALSE(planned{rule}.next(answered(503), start + 50ms, most).again);
    EXPECT_TRUE(planned{rule}.next(answered(503), start + 101ms, most).again);
}

TEST(AttemptPlan, HonoursRetryAfterUpToASecond) {
    auto rule = rule_with({503});
    rule.backoff = rule.longest_backoff = 10ms;
    auto end = answered(503);
    end.retry_after = 1s;
    auto step = planned{rule}.next(end);
    EXPECT_TRUE(step.again);
    EXPECT_GE(step.wait, 1s);
    EXPECT_LE(step.wait, 1'010ms);
    EXPECT_FALSE(planned{rule}.next(end, start + 900ms).again) << "longer than what is left";
    end.retry_after = 1s + 1ns;
    EXPECT_FALSE(planned{rule}.next(end).again) << "its answer goes to the client, who can wait";
}

TEST(AttemptPlan, RemembersWhereItHasTried) {
    planned p{rule_with()};
    p.plan.attempt_at(3);
    EXPECT_EQ(std::vector<std::size_t>(p.plan.tried().begin(), p.plan.tried().end()), (std::vector<std::size_t>{0, 3}));
    for (std::size_t i = 0; i < 40; ++i) p.plan.attempt_at(i);
    EXPECT_EQ(p.plan.tried().size(), 16U);
    p.plan.begin(&p.compiled, 1, start, p.counter());
    EXPECT_TRUE(p.plan.tried().empty());
}

/// With `when: [503]` alone, who accepts no connection is passed over as without a policy.
TEST(AttemptPlan, KeepsTheBuiltInFailoverWhenTheRuleDoesNotListConnect) {
    auto rule = rule_with({503});
    rule.on_connect = false;
    planned p{rule, 3};
    EXPECT_TRUE(p.next(refused()).again);
    p.plan.attempt_at(1);
    EXPECT_TRUE(p.next(refused()).again);
    p.plan.attempt_at(2);
    EXPECT_FALSE(p.next(refused()).again);
    EXPECT_EQ(p.counted(rule_outcome::retried), 0);
}

}  // namespace
}  // namespace outrider::http
