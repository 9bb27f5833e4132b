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
    /// Up for so long that changes are saved up.
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
    EXPECT_FALSE(it.good());
    EXPECT_EQ(it.which.text(), "timed out") << "the reason stays while the return is not believed";
    EXPECT_TRUE(it.good());
    EXPECT_EQ(it.which.text(), "answered 200");
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
    it.good();
    EXPECT_TRUE(it.good()) << "probes alone bring it back";
    EXPECT_FALSE(it.traffic(40)) << "those that were seen say nothing new";
    EXPECT_EQ(it.state(), target_state::up);
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

/// Random results, half of them failures, whatever rise and fall are.
TEST(TargetHealthProperty, FlappingChangesItsStateAtMostOncePerRiseAndFall) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random{seed};
        const auto rise = 1 + random() % 5, fall = 1 + random() % 5;
        target it(rise, fall);
        it.settle();
        const auto window = rise + fall;
        constexpr std::uint32_t results = 5'000;
        std::uint32_t changes = 0;
        std::vector<std::uint32_t> at;
        for (std::uint32_t i = 0; i < results; ++i) {
            if (random() % 2 == 0 ? it.good() : it.bad()) {
                ++changes;
                at.push_back(i);
            }
            // Two may have been saved up; from then on each is paid for.
            EXPECT_LE(changes, 2 + (i + 1) / window) << "rise " << rise << " fall " << fall << " seed " << seed;
        }
        // A stretch of any length within: the same.
        for (std::size_t i = 0; i + 3 < at.size(); ++i)
            EXPECT_GE(at[i + 3] - at[i], window) << "four changes within one window, seed " << seed;
        if (window > 3) {
            EXPECT_LE(changes, results / window) << "rise " << rise << " fall " << fall;
        }
    }
}

TEST(TargetHealthProperty, FollowsWhatLastsWithinRiseAndFallPlusWhatItOwes) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random{seed};
        const auto rise = 1 + random() % 5, fall = 1 + random() % 5;
        target it(rise, fall);
        for (int i = 0; i < 500; ++i) random() % 2 == 0 ? it.good() : it.bad();
        const bool last = random() % 2 == 0;
        for (std::uint32_t i = 0; i < 2 * (rise + fall); ++i) last ? it.good() : it.bad();
        EXPECT_EQ(it.state(), last ? target_state::up : target_state::down) << seed;
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
