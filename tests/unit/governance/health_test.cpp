#include "governance/health.hpp"

#include <random>

#include <gmock/gmock.h>

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using part = health_fact::part;

constexpr time_point start{1h};

struct target {
    explicit target(std::uint32_t rise = 2, std::uint32_t fall = 3) : which({rise, fall}, start) {}
    bool good() { return which.probed(true, "answered 200", now += 1s); }
    bool bad(const char* why = "Connection refused") { return which.probed(false, why, now += 1s); }
    bool traffic(std::uint32_t failures) { return which.traffic(failures, now += 10ms); }
    /// Up for so long that the next change need not wait.
    void settle() {
        for (int i = 0; i < 20; ++i) good();
    }
    target_state state() const { return which.state(); }
    time_point now = start;
    target_health which;
};

TEST(TargetHealth, IsUnknownUntilAsManyResultsAsRiseOrFallAgree) {
    target it;
    EXPECT_EQ(it.state(), target_state::unknown);
    EXPECT_EQ(it.which.text(), "not yet probed");
    EXPECT_FALSE(it.good());
    EXPECT_TRUE(it.good());
    EXPECT_EQ(it.state(), target_state::up);
    EXPECT_EQ(it.which.since(), it.now);
    target other;
    other.bad();
    other.bad();
    EXPECT_TRUE(other.bad());
    EXPECT_EQ(other.state(), target_state::down);
    EXPECT_EQ(other.which.text(), "Connection refused");
}

TEST(TargetHealth, ForgetsFailuresBeforeASuccess) {
    target it;
    it.settle();
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(it.bad());
        EXPECT_FALSE(it.bad());
        EXPECT_EQ(it.which.in_a_row(), 2U);
        EXPECT_FALSE(it.good());
    }
    EXPECT_EQ(it.state(), target_state::up);
}

TEST(TargetHealth, BelievesAnOutageAndTheReturnFromItAtOnce) {
    target it;
    it.settle();
    it.bad();
    it.bad();
    EXPECT_TRUE(it.bad("timed out"));
    EXPECT_EQ(it.which.text(), "timed out");
    for (int i = 0; i < 3; ++i) it.bad("timed out");
    EXPECT_FALSE(it.good());
    EXPECT_EQ(it.which.text(), "timed out") << "the reason stays while the return is not believed";
    EXPECT_TRUE(it.good());
    EXPECT_EQ(it.which.text(), "answered 200");
}

TEST(TargetHealth, RestsAfterAChangeAndThenBelievesWhatStillHolds) {
    target it;
    it.settle();
    for (int i = 0; i < 3; ++i) it.bad();
    EXPECT_EQ(it.state(), target_state::down);
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(it.good()) << "one of five results since";
    EXPECT_TRUE(it.good());
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(it.bad());
    EXPECT_FALSE(it.good()) << "the outage did not last";
    it.bad();
    it.bad();
    EXPECT_TRUE(it.bad()) << "nothing is owed any more";
}

TEST(TargetHealth, CountsFailuresOfTrafficLikeFailedProbes) {
    target it;
    it.settle();
    it.bad();
    EXPECT_FALSE(it.traffic(1));
    EXPECT_FALSE(it.traffic(1)) << "nothing new";
    EXPECT_TRUE(it.traffic(2));
    EXPECT_EQ(it.state(), target_state::down);
    EXPECT_THAT(it.which.text(), HasSubstr("2 requests in a row"));
    EXPECT_FALSE(it.traffic(40)) << "it is down already";
    for (int i = 0; i < 4; ++i) it.good();
    EXPECT_TRUE(it.good()) << "probes alone bring it back";
    EXPECT_FALSE(it.traffic(40)) << "those that were seen say nothing new";
    EXPECT_FALSE(it.traffic(44)) << "four results since it came back";
    EXPECT_EQ(it.state(), target_state::up);
    EXPECT_TRUE(it.traffic(45)) << "and five, without a probe";
}

TEST(TargetHealth, ForgetsFailuresOfTrafficWhenASuccessCameBetweenThem) {
    target it;
    it.settle();
    it.traffic(2);
    it.traffic(0);
    EXPECT_FALSE(it.traffic(2));
    it.good();
    EXPECT_FALSE(it.traffic(4)) << "a probe succeeded since: two are new";
    EXPECT_TRUE(it.traffic(5));
}

/// Results at random, from mostly good to mostly bad, failures of traffic among them; whatever rise and fall are.
class random_target : public target {
  public:
    explicit random_target(unsigned seed) : random_target(std::mt19937{seed}) {}
    /// One result of a probe, or word of traffic. @return whether the state changed
    bool one_more() {
        if (chance(20)) return traffic_says(chance(30) ? 0 : row_ + static_cast<std::uint32_t>(random_() % 4));
        if (chance(5)) good_share_ = static_cast<unsigned>(random_() % 101);
        ++results;
        return chance(good_share_) ? good() : bad();
    }
    void last(bool how, std::uint32_t times) {
        for (std::uint32_t i = 0; i < times; ++i) how ? good() : bad();
    }
    const std::uint32_t rise, fall, window = rise + fall;
    std::uint32_t results = 0;  ///< of probes, and failures of traffic where they count

  private:
    explicit random_target(std::mt19937 random)
        : random_target(random, 1 + static_cast<std::uint32_t>(random() % 5),
                        1 + static_cast<std::uint32_t>(random() % 5)) {}
    random_target(std::mt19937 random, std::uint32_t rises, std::uint32_t falls)
        : target(rises, falls), rise(rises), fall(falls), random_(random) {}
    bool traffic_says(std::uint32_t failures) {
        const auto fresh = failures < row_ ? failures : failures - row_;
        if (state() != target_state::down) results += fresh;
        return traffic(row_ = failures);
    }
    bool chance(unsigned percent) { return random_() % 100 < percent; }

    std::mt19937 random_;
    unsigned good_share_ = 50;
    std::uint32_t row_ = 0;
};

TEST(TargetHealthProperty, ChangesItsStateAtMostOnceInAnyRiseAndFallResults) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        random_target it(seed);
        std::vector<std::uint32_t> changed_at;  // after so many results
        while (it.results < 2'000)
            if (it.one_more()) changed_at.push_back(it.results);
        for (std::size_t i = 1; i < changed_at.size(); ++i)
            ASSERT_GE(changed_at[i] - changed_at[i - 1], it.window)
                << "rise " << it.rise << " fall " << it.fall << " seed " << seed << " result " << changed_at[i];
        EXPECT_GT(changed_at.size(), 1U) << "that shows nothing, seed " << seed;
    }
}

/// What flaps half and half does change, and no less than it may: the bound is not kept by believing nothing.
TEST(TargetHealthProperty, BelievesWhatFlapsAsOftenAsTheBoundAllows) {
    target it(1, 1);
    std::uint32_t changes = 0;
    for (int i = 0; i < 1'000; ++i) changes += i % 2 == 0 ? it.good() : it.bad();
    EXPECT_GE(changes, 1U);
    EXPECT_LE(changes, 500U);
    for (int i = 0; i < 999; ++i) changes += i % 4 < 2 ? it.good() : it.bad();
    EXPECT_GE(changes, 495U) << "once per two results";
}

TEST(TargetHealthProperty, BelievesAnOutageAfterCalmWithItsLastFailureOfFall) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        random_target it(seed);
        for (unsigned i = 0; i < seed; ++i) it.one_more();
        it.last(true, it.window);
        EXPECT_EQ(it.state(), target_state::up) << seed;
        it.last(true, it.window);  // calm
        it.last(false, it.fall - 1);
        EXPECT_EQ(it.state(), target_state::up) << seed;
        EXPECT_TRUE(it.bad()) << seed;
        it.last(false, it.fall);
        it.last(true, it.rise - 1);
        EXPECT_TRUE(it.good()) << "an outage of twice `fall` results is over at once, seed " << seed;
    }
}

/// Outages that come every few results: each is believed within one window, however many came before.
TEST(TargetHealthProperty, BelievesEveryOutageOfManyInARowAsFastAsTheFirst) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        random_target it(seed);
        it.last(true, it.window);
        for (int outage = 0; outage < 100; ++outage) {
            it.last(false, it.window);
            ASSERT_EQ(it.state(), target_state::down) << "outage " << outage << " seed " << seed;
            it.last(true, it.window);
            ASSERT_EQ(it.state(), target_state::up) << "after outage " << outage << " seed " << seed;
        }
    }
}

// ------------------------------------------------------------------------------------------------------- the verdict

health_fact fact(part of, target_state state, std::string what, std::string text = "refused") {
    return {of, state, {std::move(what), std::move(text), start}};
}
health_fact app(target_state state, std::string text = "refused") {
    return fact(part::application, state, "application a:1", std::move(text));
}

struct machine {
    bool judge(std::vector<health_fact> facts) { return which.judge(facts, now += 1s); }
    health_state state() const { return which.verdict().state; }
    time_point now = start;
    health_machine which{start};
};

TEST(HealthMachine, StartsUntilTheApplicationHasBeenUpOnce) {
    machine it;
    EXPECT_TRUE(it.judge({app(target_state::unknown)}));
    EXPECT_EQ(it.state(), health_state::starting);
    EXPECT_TRUE(it.judge({app(target_state::down)})) << "what is known of it is news";
    EXPECT_EQ(it.state(), health_state::starting);
    EXPECT_EQ(it.which.verdict().why(), "application a:1: refused");
    EXPECT_TRUE(it.judge({app(target_state::up)}));
    EXPECT_EQ(it.state(), health_state::healthy);
    EXPECT_TRUE(it.which.verdict().reasons.empty());
    EXPECT_TRUE(it.judge({app(target_state::down)}));
    EXPECT_EQ(it.state(), health_state::unhealthy) << "it has been up";
}

TEST(HealthMachine, HasNothingToStartWithoutAnApplication) {
    machine it;
    EXPECT_TRUE(it.judge({}));
    EXPECT_EQ(it.state(), health_state::healthy);
}

TEST(HealthMachine, IsDegradedWithoutADependencyAndUnhealthyWithoutARequiredOne) {
    machine it;
    const auto up = app(target_state::up);
    it.judge({up, fact(part::dependency, target_state::unknown, "upstream stock")});
    EXPECT_EQ(it.state(), health_state::healthy) << "not known to be down";
    it.judge({up, fact(part::dependency, target_state::down, "upstream stock")});
    EXPECT_EQ(it.state(), health_state::degraded);
    EXPECT_TRUE(may_get_traffic(it.state()));
    it.judge({up, fact(part::dependency, target_state::down, "upstream stock"),
              fact(part::required_dependency, target_state::down, "Kafka cluster main")});
    EXPECT_EQ(it.state(), health_state::unhealthy);
    EXPECT_EQ(it.which.verdict().why(), "upstream stock: refused; Kafka cluster main: refused");
    it.judge({up});
    EXPECT_EQ(it.state(), health_state::healthy);
}

TEST(HealthMachine, TakesOtherWordsForNoChange) {
    machine it;
    it.judge({app(target_state::up)});
    it.judge({app(target_state::down, "refused")});
    const auto since = it.which.verdict().since;
    EXPECT_FALSE(it.judge({app(target_state::down, "timed out")}));
    EXPECT_EQ(it.which.verdict().reasons[0].text, "timed out");
    EXPECT_EQ(it.which.verdict().since, since);
}

TEST(HealthMachine, DrainsForGood) {
    machine it;
    it.judge({app(target_state::up)});
    EXPECT_TRUE(it.which.drain(it.now += 1s));
    EXPECT_FALSE(it.which.drain(it.now += 1s));
    EXPECT_FALSE(it.judge({app(target_state::down)}));
    EXPECT_EQ(it.state(), health_state::draining);
    EXPECT_FALSE(may_get_traffic(it.state()));
}

TEST(HealthMachine, KeepsTheLastChangesWithTheirReasons) {
    machine it;
    for (int i = 0; i < 100; ++i) it.judge({app(i % 2 == 0 ? target_state::up : target_state::down)});
    EXPECT_EQ(it.which.state_changes(), 100U);
    ASSERT_EQ(it.which.changes().size(), health_machine::kept_changes);
    const auto& last = it.which.changes().back();
    EXPECT_EQ(last.at, it.now);
    EXPECT_EQ(last.to.state, health_state::unhealthy);
    EXPECT_EQ(last.to.why(), "application a:1: refused");
    EXPECT_EQ(it.which.changes().front().at, it.now - 31s);
}

}  // namespace
}  // namespace outrider::governance
