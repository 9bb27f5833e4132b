// What goes by limits alone: charged afterwards, or asked before, and by the limits of a fleet.

#include <gtest/gtest.h>

#include "tests/unit/governance/admitted.hpp"

namespace outrider::governance {
namespace {

using namespace admitted;
using std::chrono::milliseconds;
using std::chrono::seconds;

policy refusing(std::string name, double rate, double burst) {
    auto out = named(std::move(name));
    out.limits = {limit(rate, burst)};
    out.limits[0].over = over_limit::reject;
    return out;
}

amounts of_bytes(double bytes) {
    amounts out;
    out.bytes = bytes;
    return out;
}

TEST(Throttle, DoesNotLetADebtGrowBeyondAMinute) {
    auto one = named("one");
    one.limits = {limit(10, 1)};
    world w{{one}};
    exchange produce{w};
    amounts many;
    many.requests = 100;
    for (int i = 0; i < 50; ++i) throttle(produce.by, w.of, many, start, w.counter());
    auto said = throttle(produce.by, w.of, many, start, w.counter());
    EXPECT_GE(said.wait, seconds{60});
    EXPECT_LT(said.wait, seconds{71}) << "the charge that went over it counts";
    EXPECT_EQ(throttle(produce.by, w.of, {}, start + seconds{80}, w.counter()).verdict, verdict::go);
}

TEST(Throttle, LeavesOutWhatHasRefusedOrTaken) {
    world w{{refusing("strict", 1, 1)}};
    exchange produce{w};
    amounts many;
    many.requests = 10;
    auto without = throttle(produce.by, w.of, many, start, w.counter(), throttled::all_but_refusing);
    EXPECT_EQ(without.verdict, verdict::go);
    EXPECT_EQ(throttle(produce.by, w.of, many, start, w.counter()).verdict, verdict::wait);
}

TEST(AdmitOrRefuse, AsksOnlyLimitsThatSaySo) {
    auto lenient = named("lenient");
    lenient.limits = {limit(1, 1)};
    world w{{lenient, refusing("strict", 1, 2)}};
    exchange produce{w};
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(admit_or_refuse(produce.by, w.of, {}, start, w.counter()).verdict, verdict::go);
    auto said = admit_or_refuse(produce.by, w.of, {}, start, w.counter());
    EXPECT_EQ(said.verdict, verdict::refuse);
    EXPECT_EQ(said.by->of->name, "strict");
    EXPECT_EQ(w.set->policies()[0].limits[0].limiter->look(start).remaining, 1);
    EXPECT_EQ(w.count(1, rule_outcome::refused), 1);
}

TEST(AdmitOrRefuse, GivesBackWhatOtherLimitsTook) {
    world w{{refusing("wide", 1, 10), refusing("narrow", 1, 1)}};
    exchange produce{w};
    for (int i = 0; i < 5; ++i) admit_or_refuse(produce.by, w.of, {}, start, w.counter());
    EXPECT_EQ(w.set->policies()[0].limits[0].limiter->look(start).remaining, 9);
}

TEST(AdmitOrRefuse, InShadowModeOnlyCounts) {
    auto strict = refusing("strict", 1, 1);
    strict.mode = mode::shadow;
    world w{{strict}};
    exchange produce{w};
    admit_or_refuse(produce.by, w.of, {}, start, w.counter());
    auto said = admit_or_refuse(produce.by, w.of, {}, start, w.counter());
    EXPECT_EQ(said.verdict, verdict::go);
    EXPECT_EQ(said.shadowed, 1U);
    EXPECT_EQ(w.count(0, rule_outcome::refused), 1);
}

TEST(AdmitOrRefuse, KnowsBytesBeforeTheyAreSent) {
    auto strict = refusing("strict", 100, 100);
    strict.limits[0].of = measure::bytes;
    world w{{strict}};
    exchange produce{w};
    EXPECT_EQ(admit_or_refuse(produce.by, w.of, of_bytes(60), start, w.counter()).verdict, verdict::go);
    EXPECT_EQ(admit_or_refuse(produce.by, w.of, of_bytes(60), start, w.counter()).verdict, verdict::refuse);
    EXPECT_EQ(admit_or_refuse(produce.by, w.of, of_bytes(40), start, w.counter()).verdict, verdict::go);
}

/// A fleet of four whose store does not answer.
policy_set::options lonely_fleet() {
    policy_set::options with{.now = start};
    with.fleet = [link = std::make_shared<fleet_link>(4.0)](const policy&, std::size_t, const limit_rule& rule) {
        const auto name = [](std::string_view) { return fleet_limiter::key_name{}; };
        return std::make_shared<fleet_limiter>(rule, start, link, name);
    };
    return with;
}

TEST(Admission, ALimitOfTheFleetCountsInPlaceOfTheSidecarsOwn) {
    auto one = named("one");
    one.limits = {limit(10, 8)};
    one.limits[0].scope = scope::fleet;
    world w{{one}, lonely_fleet()};
    exchange first{w}, second{w}, third{w};
    EXPECT_EQ(first.admit(start).verdict, verdict::go);
    EXPECT_EQ(second.admit(start).verdict, verdict::go);
    const auto said = third.admit(start);
    EXPECT_EQ(said.verdict, verdict::refuse);
    EXPECT_EQ(said.retry_after, std::chrono::milliseconds(400)) << "a quarter of the rate";
    EXPECT_EQ(w.set->policies()[0].limits[0].fleet->look().local, 3U);
}

TEST(Admission, ThrottlingChargesTheFleetsBucket) {
    auto one = named("one");
    auto bytes = limit(1'000, 1'000);
    bytes.of = measure::bytes;
    bytes.scope = scope::fleet;
    one.limits = {bytes};
    world w{{one}, lonely_fleet()};
    exchange produce{w};
    amounts amount;
    amount.bytes = 250;
    EXPECT_EQ(throttle(produce.by, w.of, amount, start, w.counter()).wait.count(), 0);
    amount.bytes = 100;
    EXPECT_EQ(throttle(produce.by, w.of, amount, start, w.counter()).wait, std::chrono::milliseconds(400));
}

}  // namespace
}  // namespace outrider::governance
