#include "sidecar/exchange/applications.hpp"

#include <gtest/gtest.h>

namespace outrider::exchange {
namespace {

TEST(Applications, AreOneForEachName) {
    applications all;
    EXPECT_FALSE(all.any_sick());
    auto& one = all.named("127.0.0.1:9000");
    auto& two = all.named("127.0.0.1:9001");
    EXPECT_EQ(&one, &all.named("127.0.0.1:9000"));
    EXPECT_NE(&one, &two);
}

TEST(Applications, AreSickWhenOneOfThemIs) {
    applications all;
    auto& one = all.named("one");
    auto& two = all.named("two");
    two.say(true, "two: connection refused");
    EXPECT_TRUE(all.any_sick());
    EXPECT_FALSE(one.sick());
    EXPECT_EQ(all.why(), "two: connection refused");
    const auto since = all.sick_since();
    ASSERT_TRUE(since);
    EXPECT_EQ(*since, two.sick_since());
    one.say(true, "one: no answer");
    EXPECT_EQ(all.why(), "one: no answer; two: connection refused");
    EXPECT_EQ(all.sick_since(), since) << "of whoever fell sick first";
    two.say(false, "whatever");
    EXPECT_EQ(all.why(), "one: no answer");
    one.say(false, {});
    EXPECT_FALSE(all.any_sick());
    EXPECT_FALSE(all.sick_since());
    EXPECT_EQ(all.why(), "");
}

TEST(Applications, TellOfChangesOnly) {
    applications all;
    int told = 0;
    auto& one = all.named("one");
    one.say(false, {});
    all.on_change = [&] {
        ++told;
        EXPECT_EQ(all.any_sick(), told == 1) << "it is known before it is told";
    };
    one.say(false, {});
    EXPECT_EQ(told, 0);
    one.say(true, "no answer");
    one.say(true, "connection refused");
    EXPECT_EQ(told, 1);
    EXPECT_EQ(one.why(), "connection refused") << "the reason may be another one";
    one.say(false, {});
    EXPECT_EQ(told, 2);
}

TEST(ApplicationHealth, CountsFailuresInARow) {
    application_health one;
    one.note(false);
    one.note(false);
    EXPECT_EQ(one.failures_in_a_row(), 2U);
    one.note(true);
    EXPECT_EQ(one.failures_in_a_row(), 0U);
}

TEST(ApplicationHealth, CountsAnewWhenItIsWellAgain) {
    application_health one;
    one.note(false);
    one.say(false, {});
    EXPECT_EQ(one.failures_in_a_row(), 1U) << "it was well before";
    one.say(true, "three exchanges in a row failed");
    EXPECT_EQ(one.failures_in_a_row(), 1U);
    one.say(false, {});
    EXPECT_EQ(one.failures_in_a_row(), 0U) << "or it would be taken for sick at once";
}

}  // namespace
}  // namespace outrider::exchange
