#include "governance/fleet_limiter.hpp"

#include <gtest/gtest.h>

#include "tests/unit/governance/fleet_simulation.hpp"

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;
using simulation::fleet;
using simulation::fleet_rule;
using simulation::name_of_key;

struct load {
    const char* name;
    double per_second, burst;
    double offered;              ///< times the limit
    std::vector<double> shares;  ///< of the load, by sidecar
    bool gusts;
};

void PrintTo(const load& which, std::ostream* out) { *out << which.name; }

std::vector<double> loads_of(const load& from) {
    std::vector<double> out;
    for (const double share : from.shares) out.push_back(share * from.offered * from.per_second);
    return out;
}

class FleetUnderLoad : public testing::TestWithParam<load> {};

TEST_P(FleetUnderLoad, AdmitsWhatOneBucketThatSeesEverythingWould) {
    const auto& of = GetParam();
    fleet all(fleet_rule(of.per_second, of.burst), of.shares.size());
    all.run(2s, loads_of(of), of.gusts);
    const double before = all.admitted(), ideal_before = all.ideal();
    all.run(60s, loads_of(of), of.gusts);
    const double ideal = all.ideal() - ideal_before;
    // What lies in leases at the beginning and at the end, and what is borrowed: one for each sidecar.
    const double edges = static_cast<double>(of.shares.size());
    EXPECT_NEAR(all.admitted() - before, ideal, 0.02 * ideal + edges);
}

TEST_P(FleetUnderLoad, NeverAdmitsMoreThanTheRateTheBurstAndWhatIsHeldBesides) {
    const auto& of = GetParam();
    fleet all(fleet_rule(of.per_second, of.burst), of.shares.size(), 2);
    all.run(30s, loads_of(of), of.gusts);
    const double sidecars = static_cast<double>(of.shares.size());
    const double bucket = std::max(of.burst, of.per_second / 20);
    const double leases = of.per_second * 0.1;
    EXPECT_LE(all.worst(), bucket + leases + sidecars);
}

INSTANTIATE_TEST_SUITE_P(, FleetUnderLoad,
                         testing::Values(load{"NinetyTen", 100, 100, 4, {0.9, 0.034, 0.033, 0.033}, false},
                                         load{"NinetyTenFast", 5'000, 500, 4, {0.9, 0.034, 0.033, 0.033}, false},
                                         load{"NinetyTenSlow", 10, 10, 4, {0.9, 0.034, 0.033, 0.033}, false},
                                         load{"NinetyTenJustOver", 200, 50, 1.1, {0.9, 0.034, 0.033, 0.033}, false},
                                         load{"Even", 1'000, 100, 4, {0.25, 0.25, 0.25, 0.25}, false},
                                         load{"EvenSlow", 10, 20, 2, {0.25, 0.25, 0.25, 0.25}, false},
                                         load{"FiftyFifty", 300, 30, 3, {0.5, 0.5, 0, 0}, false},
                                         load{"Gusts", 500, 500, 2, {0.9, 0.034, 0.033, 0.033}, true},
                                         load{"GustsUnder", 1'000, 1'000, 0.8, {0.6, 0.2, 0.1, 0.1}, true},
                                         load{"Under", 1'000, 100, 0.8, {0.9, 0.034, 0.033, 0.033}, false},
                                         load{"Many", 400, 100, 4, std::vector<double>(20, 0.05), false}),
                         [](const testing::TestParamInfo<load>& each) { return std::string(each.param.name); });

TEST(FleetLimiter, LetsASmallCallerThroughBesideAGreedyOne) {
    fleet all(fleet_rule(1'000, 100), 2);
    all.run(20s, {4'000, 50});
    EXPECT_GT(static_cast<double>(all.at(1).admitted()), 0.9 * static_cast<double>(all.at(1).offered()));
}

TEST(FleetLimiter, RefusesNothingToOneRareCallerUnderTheLimit) {
    simulation::store store;
    time_point now{1h};
    simulation::sidecar one(fleet_rule(1, 1), 4, now, 500us);
    for (int step = 0; step < 600'000; ++step, now += 100us) {
        if (step % 15'000 == 0) {
            EXPECT_TRUE(one.arrives("", now)) << "every 1.5 s at 1/s";
        }
        one.turn(store, true, now);
    }
    EXPECT_LE(store.asked(), 3 * one.offered());
}

TEST(FleetLimiter, AsksSeldomHoweverMuchComes) {
    fleet all(fleet_rule(1'000, 100), 1);
    all.run(10s, {20'000});
    EXPECT_LE(all.shared().asked(), 1'100U) << "every 10 ms while it is short";
    const auto asked = all.shared().asked();
    all.run(10s, {500});
    EXPECT_LE(all.shared().asked() - asked, 400U) << "every 50 ms while there is plenty";
}

TEST(FleetLimiter, GivesBackWhatItDoesNotNeed) {
    fleet all(fleet_rule(100, 100), 2);
    all.run(5s, {90, 0});
    all.run(1s, {0, 0});
    const double before = all.admitted();
    all.run(100ms, {0, 4'000});
    EXPECT_GE(all.admitted() - before, 90) << "the bucket is full again";
    EXPECT_EQ(all.at(0).limiter().next_due(), fleet_limiter::never);
}

class FleetThatLosesItsStore : public testing::TestWithParam<int> {};

TEST_P(FleetThatLosesItsStore, AdmitsAtMostOneLeaseOver) {
    const double rate = 400;
    fleet all(fleet_rule(rate, 40), 4, static_cast<std::uint64_t>(GetParam()));
    all.run(2s + 3ms * GetParam(), {1'440, 54, 53, 53});
    const double before = all.admitted();
    all.set_alive(false);
    all.run(5s, {1'440, 54, 53, 53});
    EXPECT_LE(all.admitted() - before, 5 * rate + rate * 0.1);
    EXPECT_GE(all.at(0).limiter().look().local, 1U);
}

TEST_P(FleetThatLosesItsStore, SharesEquallyFromThenOn) {
    fleet all(fleet_rule(400, 40), 4, static_cast<std::uint64_t>(GetParam()));
    all.run(2s, {400, 400, 400, 400});
    all.set_alive(false);
    all.run(1s, {400, 400, 400, 400});
    std::vector<double> before;
    for (std::size_t i = 0; i < 4; ++i) before.push_back(static_cast<double>(all.at(i).admitted()));
    all.run(10s, {400, 400, 400, 400});
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(static_cast<double>(all.at(i).admitted()) - before[i], 1'000, 2);
}

TEST_P(FleetThatLosesItsStore, AdmitsNoMoreWhenItReturnsEmpty) {
    const double rate = 400;
    fleet all(fleet_rule(rate, 400), 4, static_cast<std::uint64_t>(GetParam()));
    all.run(4s, {800, 400, 200, 200});
    all.forget_worst();
    const double before = all.admitted();
    all.set_alive(false);
    all.run(1s + 7ms * GetParam(), {800, 400, 200, 200});
    all.shared().forget();
    all.set_alive(true);
    all.run(3s, {800, 400, 200, 200});
    const double time = 4 + 0.007 * GetParam();
    EXPECT_LE(all.admitted() - before, time * rate + rate * 0.15) << "the bucket that was empty is not full now";
    EXPECT_GE(all.admitted() - before, time * rate * 0.85);
}

INSTANTIATE_TEST_SUITE_P(AtAnyMoment, FleetThatLosesItsStore, testing::Range(1, 13));

class LonelyFleetLimiter : public testing::Test {
  protected:
    fleet_limiter& of(const limit_rule& rule, double replicas = 4, bool up = true) {
        link_ = std::make_shared<fleet_link>(replicas);
        link_->set_up(up);
        limiter_ = std::make_unique<fleet_limiter>(rule, now_, link_, name_of_key);
        return *limiter_;
    }
    int takes(std::string_view key, int times, double amount = 1) {
        int count = 0;
        for (int i = 0; i < times; ++i) count += limiter_->take(key, amount, now_, ticket_).admitted ? 1 : 0;
        return count;
    }
    void answer() {
        std::vector<fleet_limiter::request> asked;
        limiter_->collect(now_, 1'000, asked);
        for (const auto& one : asked) limiter_->answered(one, store_.answer(one, now_), now_);
    }
    time_point now_{1h};
    simulation::store store_;
    std::shared_ptr<fleet_link> link_;
    std::unique_ptr<fleet_limiter> limiter_;
    rate_ticket ticket_;
};

limit_rule keyed(limit_rule rule) {
    rule.key = {key_source::kind::header, "x-tenant"};
    return rule;
}

TEST_F(LonelyFleetLimiter, AnswersANewKeyAtOnceWithItsShareOfTheBurst) {
    of(fleet_rule(100, 40));
    EXPECT_EQ(takes("", 100), 10);
}

TEST_F(LonelyFleetLimiter, AdmitsOneOfANewKeyEvenWhereTheShareIsLess) {
    of(fleet_rule(1, 1));
    EXPECT_EQ(takes("", 5), 1);
}

TEST_F(LonelyFleetLimiter, TellsTheStoreWhatItAdmittedOnItsOwn) {
    auto& limiter = of(fleet_rule(100, 40));
    takes("", 100);
    std::vector<fleet_limiter::request> asked;
    ASSERT_EQ(limiter.collect(now_, 10, asked), 1U);
    EXPECT_DOUBLE_EQ(asked[0].what.spend, 10);
    EXPECT_DOUBLE_EQ(store_.answer(asked[0], now_).left, 30);
}

TEST_F(LonelyFleetLimiter, BorrowsNothingTwiceWhileTheStoreIsBeingTold) {
    auto& limiter = of(fleet_rule(100, 40), 1);
    EXPECT_EQ(takes("", 100), 40);
    std::vector<fleet_limiter::request> asked;
    ASSERT_EQ(limiter.collect(now_, 10, asked), 1U);
    EXPECT_EQ(takes("", 100), 0) << "told, and not yet answered";
    limiter.failed(asked[0], now_);
    EXPECT_EQ(takes("", 100), 0) << "the store may have heard of it or not; the forty were admitted";
}

TEST_F(LonelyFleetLimiter, KeepsKeysApart) {
    of(keyed(fleet_rule(100, 40)));
    EXPECT_EQ(takes("a", 100), 10);
    EXPECT_EQ(takes("b", 100), 10);
}

TEST_F(LonelyFleetLimiter, KnowsTheOverridesOfAKey) {
    auto rule = keyed(fleet_rule(100, 40));
    rule.overrides["gold"].per_second = 1'000;
    auto& limiter = of(rule);
    EXPECT_EQ(takes("gold", 1'000), 100);
    EXPECT_DOUBLE_EQ(limiter.take("gold", 1, now_, ticket_).limit, 1'000);
}

TEST_F(LonelyFleetLimiter, SaysWhenToReturn) {
    auto& limiter = of(fleet_rule(10, 1), 4, false);
    EXPECT_EQ(takes("", 2), 1);
    const auto said = limiter.take("", 1, now_, ticket_);
    ASSERT_FALSE(said.admitted);
    EXPECT_EQ(said.wait, 400ms) << "a quarter of ten per second";
    now_ += said.wait - 1ms;
    EXPECT_EQ(takes("", 1), 0);
    now_ += 1ms;
    EXPECT_EQ(takes("", 1), 1);
}

TEST_F(LonelyFleetLimiter, RestoresWhatWasTakenInVain) {
    auto& limiter = of(fleet_rule(100, 40));
    ASSERT_EQ(takes("", 10), 10);
    limiter.restore(ticket_);
    EXPECT_EQ(takes("", 10), 1);
}

TEST_F(LonelyFleetLimiter, RestoresToTheShare) {
    auto& limiter = of(fleet_rule(100, 40), 4, false);
    ASSERT_EQ(takes("", 20), 10);
    limiter.restore(ticket_);
    EXPECT_EQ(takes("", 10), 1);
}

TEST_F(LonelyFleetLimiter, RestoresNothingForATicketOfARefusal) {
    auto& limiter = of(fleet_rule(100, 40));
    takes("", 10);
    rate_ticket refused;
    ASSERT_FALSE(limiter.take("", 1, now_, refused).admitted);
    limiter.restore(refused);
    EXPECT_EQ(takes("", 10), 0);
}

TEST_F(LonelyFleetLimiter, ChargesWhatBecameKnownLaterAndOwesIt) {
    auto rule = fleet_rule(1'000, 1'000);
    rule.of = measure::bytes;
    auto& limiter = of(rule, 1);
    ASSERT_TRUE(limiter.take("", 0, now_, ticket_).admitted);
    limiter.charge(ticket_, 3'000, now_);
    answer();
    EXPECT_FALSE(limiter.check("", 0, now_).admitted);
    now_ += 1'900ms;
    EXPECT_FALSE(limiter.check("", 0, now_).admitted);
    now_ += 400ms;
    EXPECT_TRUE(limiter.check("", 0, now_).admitted);
}

TEST_F(LonelyFleetLimiter, SaysHowLongACallerIsToBeSilentForWhatCameAlready) {
    auto rule = fleet_rule(1'000, 1'000);
    rule.of = measure::bytes;
    auto& limiter = of(rule, 1);
    EXPECT_EQ(limiter.charge("", 800, now_).wait, 0ms);
    EXPECT_EQ(limiter.charge("", 700, now_).wait, 500ms);
    answer();
    EXPECT_EQ(limiter.charge("", 0, now_).wait, 500ms) << "told, and as the store says";
    now_ += 500ms;
    EXPECT_EQ(limiter.charge("", 0, now_).wait, 0ms);
    link_->set_up(false);
    EXPECT_GT(limiter.charge("", 100, now_).wait, 50ms);
}

TEST_F(LonelyFleetLimiter, AdmitsMoreThanABurstWhenTheBucketIsFull) {
    auto& limiter = of(fleet_rule(10, 5));
    EXPECT_TRUE(limiter.take("", 20, now_, ticket_).admitted);
    answer();
    EXPECT_FALSE(limiter.take("", 1, now_, ticket_).admitted);
    now_ += 1'400ms;
    EXPECT_FALSE(limiter.take("", 1, now_, ticket_).admitted);
    now_ += 700ms;
    EXPECT_TRUE(limiter.take("", 1, now_, ticket_).admitted);
}

TEST_F(LonelyFleetLimiter, PacesWithTimeTakenInAdvance) {
    auto rule = fleet_rule(10, 1);
    rule.over = over_limit::pace;
    rule.longest_wait = 250ms;
    auto& limiter = of(rule, 1);
    EXPECT_EQ(limiter.take("", 1, now_, ticket_).wait, 0ms);
    EXPECT_EQ(limiter.take("", 1, now_, ticket_).wait, 100ms);
    EXPECT_EQ(limiter.take("", 1, now_, ticket_).wait, 200ms);
    EXPECT_FALSE(limiter.take("", 1, now_, ticket_).admitted);
    answer();
    EXPECT_FALSE(limiter.take("", 1, now_, ticket_).admitted);
}

TEST_F(LonelyFleetLimiter, AdmitsNothingAtARateOfNothing) {
    auto& limiter = of(fleet_rule(0, 10));
    EXPECT_EQ(takes("", 3), 0);
    EXPECT_EQ(limiter.next_due(), fleet_limiter::never);
}

TEST_F(LonelyFleetLimiter, WarmsUpFromAThird) {
    auto rule = fleet_rule(300, 30);
    rule.warm_up = 10s;
    auto& limiter = of(rule);
    EXPECT_NEAR(limiter.take("", 1, now_, ticket_).limit, 100, 0.01);
    now_ += 10s;
    EXPECT_NEAR(limiter.check("", 1, now_).limit, 300, 0.01);
}

TEST_F(LonelyFleetLimiter, GivesNewKeysOneBucketWhenTheTableIsFullOfBusyOnes) {
    auto rule = keyed(fleet_rule(1, 4));
    rule.keys = 8;
    auto& limiter = of(rule);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(takes("key" + std::to_string(i), 1), 1);
    int admitted = 0;
    for (int i = 8; i < 100; ++i) admitted += takes("key" + std::to_string(i), 1);
    EXPECT_EQ(admitted, 1);
    EXPECT_EQ(limiter.look().keys, 8U);
    EXPECT_EQ(limiter.look().overflowed, 92U);
    answer();
    now_ += 10s;
    EXPECT_EQ(takes("new", 1), 1);
    EXPECT_EQ(limiter.look().overflowed, 92U) << "an idle key has given way";
}

TEST_F(LonelyFleetLimiter, ChecksWithoutTaking) {
    auto& limiter = of(fleet_rule(100, 40));
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.check("", 1, now_).admitted);
    EXPECT_EQ(takes("", 100), 10);
    EXPECT_FALSE(limiter.check("", 1, now_).admitted);
}

TEST_F(LonelyFleetLimiter, CountsARefusedCheckAsDemand) {
    auto& limiter = of(fleet_rule(1'000, 100));
    for (int i = 0; i < 2'000; ++i, now_ += 250us) {
        if (limiter.check("", 1, now_).admitted) limiter.take("", 1, now_, ticket_);
        answer();
    }
    std::vector<fleet_limiter::request> asked;
    for (; asked.empty(); now_ += 1ms) {
        limiter.check("", 1, now_);
        limiter.collect(now_, 1, asked);
    }
    EXPECT_NEAR(asked[0].what.want, 100, 10) << "a tenth of a second of the rate, though four times as much comes";
}

}  // namespace
}  // namespace outrider::governance
