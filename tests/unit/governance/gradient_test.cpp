#include "governance/gradient.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/governance/upstream_simulation.hpp"

namespace outrider::governance {
namespace {

using namespace simulated;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using kind = round_trip_window::kind;

// -- What is counted

TEST(RoundTripWindow, KnowsTheMeanAndTheMeanOfTheFasterThreeQuarters) {
    round_trip_window window;
    for (int i = 0; i < 3; ++i) window.add(milliseconds{20}, kind::idle);
    window.add(milliseconds{900}, kind::busy);
    auto seen = window.look();
    EXPECT_EQ(seen.count, 4);
    EXPECT_NEAR(seen.mean, 0.240, 1e-5);
    auto out = window.take(0);
    EXPECT_EQ(out.succeeded, 4);
    EXPECT_EQ(out.busy, 1);
    EXPECT_NEAR(out.mean, 0.240, 1e-5);
    EXPECT_NEAR(out.typical, 0.020, 1e-6);
    EXPECT_EQ(window.look().count, 0);
    EXPECT_EQ(window.take(0).ended(), 0);
}

TEST(RoundTripWindow, IsExactFromMicrosecondsToMinutes) {
    for (std::int64_t ns = 1024; ns < (std::int64_t{1} << 40); ns += ns / 7 + 1) {
        round_trip_window window;
        window.add(nanoseconds{ns}, kind::idle);
        auto seconds = static_cast<double>(ns) * 1e-9;
        ASSERT_NEAR(window.take(0).mean, seconds, seconds * 1e-5) << ns;
    }
}

TEST(RoundTripWindow, TakesWhatIsBeyondItsRangeAsItsEnds) {
    round_trip_window window;
    window.add(nanoseconds{-5}, kind::idle);
    EXPECT_NEAR(window.take(0).mean, 1.024e-6, 1e-9);
    window.add(std::chrono::hours{5}, kind::idle);
    EXPECT_NEAR(window.take(0).mean, 1099.5, 0.1);
}

TEST(RoundTripWindow, TimesFailuresOnlyWhenTheyTookLong) {
    round_trip_window window;
    window.add(milliseconds{20}, kind::idle);
    window.add(microseconds{50}, kind::failed);
    window.add(milliseconds{500}, kind::failed);
    auto out = window.take(0.040);
    EXPECT_EQ(out.failed, 2);
    EXPECT_EQ(out.slow_failures, 1);
    EXPECT_EQ(out.timed, 2);
    EXPECT_NEAR(out.mean, 0.260, 1e-5);
}

// -- What one window teaches

round_trips window_of(double in_use, double round_trip) {
    round_trips out;
    out.elapsed = 0.1;
    out.succeeded = out.timed = out.busy = in_use / round_trip * out.elapsed;
    out.mean = out.typical = round_trip;
    out.turned_away = true;
    return out;
}

TEST(LimitEstimate, KeepsItsBounds) {
    EXPECT_EQ(limit_estimate(0, 0, 0, start).limit(), 1u);
    EXPECT_EQ(limit_estimate(5, 200, 1, start).limit(), 5u);
    EXPECT_EQ(limit_estimate(5, 10, 20, start).limit(), 10u);
    EXPECT_EQ(limit_estimate(9, 4, 1, start).limit(), 9u);
    limit_estimate grows{1, 50, 20, start};
    for (int i = 0; i < 20; ++i) grows.learn(window_of(grows.limit(), 0.02), at(i * 0.1));
    EXPECT_EQ(grows.limit(), 50u);
}

TEST(LimitEstimate, DoublesUntilItSeesAQueue) {
    limit_estimate estimate{1, 1000, 20, start};
    estimate.learn(window_of(20, 0.02), at(0.1));
    EXPECT_EQ(estimate.limit(), 40u);
    estimate.learn(window_of(40, 0.02), at(0.2));
    EXPECT_EQ(estimate.limit(), 80u);
    estimate.learn(window_of(80, 0.032), at(0.3));  // room for 50
    EXPECT_LT(estimate.limit(), 60u);
}

TEST(LimitEstimate, LearnsNothingForTheLimitFromWindowsThatDidNotNeedIt) {
    limit_estimate estimate{1, 200, 50, start};
    for (int i = 0; i < 100; ++i) {
        auto quiet = window_of(20, i % 2 ? 0.02 : 0.2);
        quiet.busy = 0;
        quiet.turned_away = false;
        estimate.learn(quiet, at(i * 0.1));
        ASSERT_EQ(estimate.limit(), 50u);
    }
    estimate.learn({}, at(11));
    EXPECT_EQ(estimate.limit(), 50u);
}

TEST(LimitEstimate, FollowsAFasterServiceAtOnce) {
    limit_estimate estimate{1, 200, 50, start};
    estimate.learn(window_of(50, 0.06), at(0.1));
    EXPECT_DOUBLE_EQ(estimate.base(), 0.06);
    estimate.learn(window_of(50, 0.02), at(0.2));
    EXPECT_NEAR(estimate.base(), 0.02, 1e-9);
}

TEST(LimitEstimate, ShrinksByATenthForAWindowOfFailuresUnderPressure) {
    auto failing = window_of(50, 0.02);
    failing.failed = 50;
    limit_estimate estimate{1, 200, 100, start};
    estimate.learn(failing, at(0.1));
    EXPECT_EQ(estimate.limit(), 90u);
    estimate.learn(failing, at(0.2));
    EXPECT_EQ(estimate.limit(), 81u);
    failing.turned_away = false;
    failing.busy = 0;
    estimate.learn(failing, at(0.3));
    EXPECT_EQ(estimate.limit(), 81u) << "nobody was held back: fewer at once would not help";
}

// -- What comes of it

constexpr double capacity = 2500;  ///< 50 slots, 20 ms

concurrency_rule adaptive(std::uint32_t queue = 0) {
    concurrency_rule rule;
    rule.adaptive = true;
    rule.max = 200;
    rule.queue = queue;
    return rule;
}

/// What was seen over some time.
struct seen : sidecar::counts {
    std::vector<double> limits;  ///< each 50 ms, sorted
    double seconds = 0;
    double limit(double share) const { return limits[static_cast<std::size_t>(share * (limits.size() - 1.0))]; }
    double goodput() const { return static_cast<double>(succeeded) / seconds; }
};

seen watch(timeline& time, sidecar& of, double seconds) {
    seen out;
    of.take();
    for (auto end = time.now() + seconds; time.now() < end - 1e-9;) {
        time.run_until(std::min(end, time.now() + 0.05));
        out.limits.push_back(of.limiter.look().limit);
    }
    std::sort(out.limits.begin(), out.limits.end());
    static_cast<sidecar::counts&>(out) = of.take();
    out.seconds = seconds;
    return out;
}

/// The limit but for the dips that check it.
void expect_limit(const seen& of, double low, double high) {
    EXPECT_GE(of.limit(0.10), low);
    EXPECT_LE(of.limit(0.95), high);
    EXPECT_GE(of.limit(0.5), low);
}

struct scenario {
    const char* name;
    service_time (*service)(double mean);
    bool sharing;
};
void PrintTo(const scenario& of, std::ostream* out) { *out << of.name; }

class AdaptiveLimit : public testing::TestWithParam<scenario> {
  protected:
    AdaptiveLimit() {
        auto service = GetParam().service(0.02);
        if (GetParam().sharing)
            to = std::make_unique<sharing_upstream>(time, 50, service);
        else
            to = std::make_unique<upstream>(time, 50, service);
        one = std::make_unique<sidecar>(time, *to, adaptive());
    }
    seen watch(double seconds) { return governance::watch(time, *one, seconds); }

    timeline time;
    std::unique_ptr<upstream> to;
    std::unique_ptr<sidecar> one;
};

TEST_P(AdaptiveLimit, FindsTheCapacityUnderTwiceTheLoadAndFollowsItDownAndUp) {
    one->load(2 * capacity);
    watch(10);
    expect_limit(watch(10), 40, 66);
    to->resize(25);
    watch(10);
    auto halved = watch(10);
    expect_limit(halved, 18, 36);
    EXPECT_GT(halved.goodput(), 0.9 * capacity / 2);
    to->resize(50);
    watch(10);
    auto again = watch(10);
    expect_limit(again, 40, 66);
    EXPECT_GT(again.goodput(), 0.9 * capacity);
}

TEST_P(AdaptiveLimit, HoldsNobodyBackBelowTheCapacity) {
    one->load(0.5 * capacity);
    auto half = watch(25);
    EXPECT_LT(half.refused_share(), 0.001 * 60 / 25) << "with the time it takes to find out from 20";
    half = watch(10);
    EXPECT_EQ(half.refused, 0u);
    one->load(0.8 * capacity);
    watch(2);
    EXPECT_LT(watch(10).refused_share(), 0.001);
    one->load(0.1 * capacity);
    EXPECT_LT(watch(10).refused_share(), 0.001);
    EXPECT_GT(one->limiter.look().limit, 30u);
    one->load(0.5 * capacity);
    EXPECT_LT(watch(10).refused_share(), 0.001);
}

TEST_P(AdaptiveLimit, DoesNotCollapseWhenTheServiceBecomesSlower) {
    one->load(2 * capacity);
    watch(10);
    to->takes(GetParam().service(0.06));
    auto adapting = watch(30);
    EXPECT_GT(adapting.limit(0), 10);
    auto slower = watch(15);
    EXPECT_GT(slower.limit(0.5), 40);
    EXPECT_LT(slower.limit(0.95), 72);
    EXPECT_GT(slower.goodput(), 0.85 * capacity / 3);
    to->takes(GetParam().service(0.02));
    watch(15);
    auto again = watch(10);
    EXPECT_GT(again.limit(0.5), 40);
    EXPECT_LT(again.limit(0.5), 66);
    EXPECT_GT(again.goodput(), 0.9 * capacity);
}

INSTANTIATE_TEST_SUITE_P(Services, AdaptiveLimit,
                         testing::Values(scenario{"Constant", constant, false},
                                         scenario{"Exponential", exponential, false},
                                         scenario{"Bimodal", bimodal, false},
                                         scenario{"SharedProcessors", constant, true}),
                         [](const auto& of) { return of.param.name; });

TEST(AdaptiveLimitOfAConstantService, IsWithinAFifthOfTheCapacityAfterTenSeconds) {
    timeline time;
    upstream to{time, 50, constant(0.02)};
    sidecar one{time, to, adaptive()};
    one.load(2 * capacity);
    watch(time, one, 10);
    auto full = watch(time, one, 20);
    EXPECT_GE(full.limit(0.05), 40);
    EXPECT_LE(full.limit(1), 60);
    to.resize(25);
    watch(time, one, 10);
    auto halved = watch(time, one, 20);
    EXPECT_GE(halved.limit(0.05), 20);
    EXPECT_LE(halved.limit(1), 30);
}

TEST(AdaptiveLimitOfAConstantService, KeepsGoodputAndLatencyUnderOverload) {
    auto under = [](double load) {
        timeline time;
        upstream to{time, 50, constant(0.02)};
        sidecar one{time, to, adaptive(20)};
        one.load(load * capacity);
        watch(time, one, 10);
        return watch(time, one, 10);
    };
    auto unloaded = under(0.2);
    auto peak = std::max(under(0.95).goodput(), under(1).goodput());
    for (double load : {1.5, 2.0, 4.0}) {
        auto over = under(load);
        EXPECT_GT(over.goodput(), 0.9 * peak) << load;
        EXPECT_LT(over.p99(), 2 * unloaded.p99()) << load;
    }
}

TEST(AdaptiveLimit, OfTwoSidecarsOfOneUpstreamAddUpToItsCapacity) {
    timeline time;
    upstream to{time, 50, constant(0.02)};
    sidecar one{time, to, adaptive()}, other{time, to, adaptive()};
    one.load(capacity);
    other.load(capacity);
    watch(time, one, 10);
    other.take();
    for (int i = 0; i < 6; ++i) {
        auto first = watch(time, one, 5);
        auto both = first.goodput() + static_cast<double>(other.take().succeeded) / 5;
        EXPECT_GT(both, 0.9 * capacity);
        auto sum = one.limiter.look().limit + other.limiter.look().limit;
        EXPECT_LT(sum, 75u);
        EXPECT_GT(one.limiter.look().limit, 10u);
        EXPECT_GT(other.limiter.look().limit, 10u);
    }
}

TEST(AdaptiveLimit, PutsUpWithFailuresThatFewerAtOnceDoNotCure) {
    timeline time;
    upstream to{time, 50, constant(0.02)};
    sidecar one{time, to, adaptive()};
    one.load(2 * capacity);
    watch(time, one, 10);
    one.fail(0.3);
    watch(time, one, 5);
    EXPECT_GT(watch(time, one, 10).goodput(), 0.85 * 0.7 * capacity);
    one.fail(1);
    watch(time, one, 5);
    EXPECT_GT(watch(time, one, 5).limit(0.5), 35);
    one.fail(0);
    watch(time, one, 1);
    EXPECT_GT(watch(time, one, 5).goodput(), 0.9 * capacity);
}

TEST(AdaptiveLimit, GoesDownForTimeoutsAndComesBack) {
    timeline time;
    upstream to{time, 50, constant(0.02)};
    sidecar one{time, to, adaptive()};
    one.give_up_after(0.1);
    one.load(2 * capacity);
    watch(time, one, 10);
    to.takes(constant(0.2));
    watch(time, one, 10);
    EXPECT_LE(one.limiter.look().limit, 5u);
    to.takes(constant(0.02));
    watch(time, one, 10);
    EXPECT_GT(watch(time, one, 5).goodput(), 0.9 * capacity);
}

TEST(AdaptiveLimit, OfASmallServiceIsSmall) {
    timeline time;
    upstream to{time, 5, constant(0.02)};
    sidecar one{time, to, adaptive()};
    one.load(500);
    watch(time, one, 10);
    auto out = watch(time, one, 10);
    EXPECT_GE(out.limit(0.1), 5);
    EXPECT_LE(out.limit(0.95), 8);
    EXPECT_GT(out.goodput(), 0.95 * 250);
}

TEST(AdaptiveLimit, OfASlowServiceWithManySlotsIsFound) {
    timeline time;
    upstream to{time, 400, exponential(0.5)};
    auto rule = adaptive();
    rule.max = 2000;
    sidecar one{time, to, rule};
    one.load(1600);
    watch(time, one, 90);
    auto out = watch(time, one, 30);
    EXPECT_GT(out.limit(0.5), 320);
    EXPECT_LT(out.limit(0.95), 520);
}

TEST(AdaptiveLimit, CountsNothingOfIgnoredExchanges) {
    concurrency_limiter limiter{adaptive(), start};
    for (int i = 0; i < 10'000; ++i) {
        auto now = at(i * 0.001);
        while (limiter.enter(priority::normal, nullptr, now) == concurrency_limiter::verdict::go) continue;
        limiter.leave(outcome::ignored, milliseconds{1}, now);
    }
    EXPECT_EQ(limiter.look().limit, 20u);
    while (limiter.look().under_way > 0) limiter.leave(outcome::ignored, milliseconds{1}, at(10));
}

}  // namespace
}  // namespace outrider::governance
