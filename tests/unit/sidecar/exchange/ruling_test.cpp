#include "sidecar/exchange/ruling.hpp"

#include <gtest/gtest.h>

namespace outrider::exchange {
namespace {

using kind = ruling::kind;

struct rules {
    rules() {
        guard.name = "guard";
        backup.name = "backup";
        limit.of = &guard;
        limit.kind = governance::rule_kind::limit;
        limit.index = 1;
        fallback.of = &backup;
        fallback.kind = governance::rule_kind::fallback;
    }
    governance::policy guard, backup;
    governance::compiled_rule limit, fallback;
};

TEST(Ruling, TellsTheWeightiestDecision) {
    rules r;
    ruling told;
    EXPECT_FALSE(told.any());
    told.note(kind::refused, r.limit);
    told.note(kind::waited, r.fallback);
    EXPECT_EQ(told.decided, kind::refused);
    EXPECT_EQ(told.policy, "guard");
    EXPECT_EQ(told.rule, "limit.1");
}

TEST(Ruling, KeepsWhatShadowsWouldHaveDoneApart) {
    rules r;
    ruling told;
    told.note_shadow(r.limit);
    EXPECT_EQ(name_of(told.decided), "shadow_refused");
    EXPECT_EQ(told.policy, "guard");
    told.note(kind::waited, r.fallback);
    EXPECT_EQ(told.policy, "backup");
    EXPECT_EQ(told.shadow_policy, "guard");
    EXPECT_EQ(told.shadow_rule, "limit.1");
}

TEST(Ruling, NamesWhoRefusedWhatAFallbackAnswered) {
    rules r;
    ruling told;
    told.note(kind::refused, r.limit);
    told.note_fallback(r.fallback);
    EXPECT_EQ(told.decided, kind::degraded);
    EXPECT_EQ(told.policy, "guard");
    EXPECT_EQ(told.fallback, "backup");
}

TEST(Ruling, NamesTheFallbackThatAnsweredForAFailure) {
    rules r;
    ruling told;
    told.note(kind::waited, r.limit);
    told.note_fallback(r.fallback);
    EXPECT_EQ(told.decided, kind::degraded);
    EXPECT_EQ(told.policy, "backup");
    EXPECT_EQ(told.rule, "fallback");
}

TEST(Ruling, StartsAnewForTheNextExchange) {
    rules r;
    ruling told;
    told.note_shadow(r.limit);
    told.note_fallback(r.fallback);
    told.waited = std::chrono::seconds{1};
    told.clear();
    EXPECT_FALSE(told.any());
    EXPECT_TRUE((told.policy + told.rule + told.shadow_policy + told.shadow_rule + told.fallback).empty());
    EXPECT_EQ(told.waited.count(), 0);
}

}  // namespace
}  // namespace outrider::exchange
