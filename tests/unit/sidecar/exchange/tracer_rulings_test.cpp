// What spans tell of the decisions of policies.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/exchange/traced_http.hpp"

namespace outrider::exchange {
namespace {

using namespace std::chrono_literals;

/// The decision of a limit called "guard".
struct decided_by_guard {
    explicit decided_by_guard(ruling::kind what) {
        guard.name = "guard";
        rule.of = &guard;
        told.note(what, rule);
        told.version = "7f3a";
    }
    governance::policy guard;
    governance::compiled_rule rule;
    ruling told;
};

TEST(ServerSpan, NamesTheRuleThatRefused) {
    traced t;
    decided_by_guard by{ruling::kind::refused};
    auto facts = some_http_facts();
    facts.status = 429;
    facts.failure = {failure_code::rate_limited, origin::self, false};
    facts.ruling = &by.told;
    auto span = t.server(facts);
    EXPECT_EQ(text(span, "outrider.decision"), "refused");
    EXPECT_EQ(text(span, "outrider.reason"), "rate_limited");
    EXPECT_EQ(text(span, "outrider.policy"), "guard");
    EXPECT_EQ(text(span, "outrider.rule"), "limit");
    EXPECT_EQ(text(span, "outrider.policy.version"), "7f3a");
    ASSERT_EQ(span.events.size(), 1U);
    EXPECT_EQ(span.events[0].name, "outrider.refused");
    EXPECT_EQ(tracing::text_attribute(span.events[0].attributes, "outrider.policy"), "guard");
}

TEST(ServerSpan, TellsHowLongItWaitedAndForWhom) {
    traced t;
    decided_by_guard by{ruling::kind::waited};
    by.told.waited = 2ms;
    auto facts = some_http_facts();
    facts.ruling = &by.told;
    auto span = t.server(facts);
    EXPECT_EQ(text(span, "outrider.decision"), "waited");
    auto* waited = tracing::find_attribute(span.attributes, "outrider.wait_ms");
    ASSERT_TRUE(waited);
    EXPECT_DOUBLE_EQ(std::get<double>(waited->data), 2.0);
    ASSERT_EQ(span.events.size(), 1U);
    EXPECT_EQ(span.events[0].unix_ns - span.start_unix_ns, 2'000'000U) << "when the wait ended";
    EXPECT_EQ(span.status, tracing::status_code::unset);
}

TEST(ServerSpan, ThatAFallbackAnsweredIsNoError) {
    traced t;
    decided_by_guard by{ruling::kind::refused};
    by.told.note_fallback(by.rule);
    auto facts = some_http_facts();
    facts.failure = {failure_code::circuit_open, origin::self, false};
    facts.ruling = &by.told;
    auto span = t.server(facts);
    EXPECT_EQ(span.status, tracing::status_code::unset);
    EXPECT_EQ(text(span, "error.type"), "circuit_open");
    EXPECT_EQ(text(span, "outrider.decision"), "degraded");
    EXPECT_EQ(text(span, "outrider.fallback"), "guard");
    facts.status = 503;
    EXPECT_EQ(t.server(facts).status, tracing::status_code::error) << "but for one that says so itself";
}

TEST(ServerSpan, SaysNothingOfPoliciesThatDecidedNothing) {
    traced t;
    ruling nothing;
    auto facts = some_http_facts();
    facts.ruling = &nothing;
    auto span = t.server(facts);
    EXPECT_FALSE(has(span, "outrider.decision"));
    EXPECT_TRUE(span.events.empty());
}

TEST(ClientSpan, OfTheFirstAttemptTellsWhatWasDecidedBefore) {
    traced t;
    decided_by_guard by{ruling::kind::waited};
    auto facts = some_http_facts();
    facts.ruling = &by.told;
    auto attempt = some_attempt();
    EXPECT_EQ(text(t.client(facts, attempt), "outrider.decision"), "waited");
    attempt.number = 1;
    EXPECT_FALSE(has(t.client(facts, attempt), "outrider.decision"));
}

TEST(FallbackSpan, StandsBesideTheAttemptsItAnsweredFor) {
    traced t;
    decided_by_guard by{ruling::kind::none};
    by.told.note_fallback(by.rule);
    auto facts = some_http_facts();
    facts.failure = {failure_code::upstream_closed, origin::upstream, false};
    facts.ruling = &by.told;
    auto begun = t.tracer.start(carried(), config::trust::continue_, {});
    t.tracer.finish_fallback(begun, facts);
    auto span = t.only();
    EXPECT_EQ(span.name, "fallback");
    EXPECT_EQ(span.kind, tracing::span_kind::internal);
    EXPECT_EQ(span.parent.hex(), "b7ad6b7169203331");
    EXPECT_EQ(span.trace.hex(), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_NE(span.span.hex(), begun.own.span.hex());
    EXPECT_EQ(text(span, "outrider.decision"), "degraded");
    EXPECT_EQ(text(span, "outrider.reason"), "upstream_closed");
    EXPECT_EQ(number(span, "http.response.status_code"), 200);
}

}  // namespace
}  // namespace outrider::exchange
