#include "tracing/stitch/timing_model.hpp"

#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

constexpr std::int64_t us = 1'000, ms = 1'000'000;
constexpr std::uint32_t order = 1, listing = 2, stock = 10, billing = 11;

struct traffic {
    std::vector<entered_span> entered;
    std::vector<left_span> left;
    std::vector<std::uint32_t> truth;
};

/// Requests that call stock and then billing, a little later each, one request every so often.
traffic shop(std::size_t requests, std::int64_t every, unsigned seed) {
    std::mt19937 random(seed);
    std::lognormal_distribution<double> little(std::log(200.0 * us), 0.4), long_time(std::log(3.0 * ms), 0.8);
    std::exponential_distribution<double> pause(1.0 / static_cast<double>(every));
    struct call {
        left_span span;
        std::uint32_t cause;
    };
    std::vector<call> calls;
    traffic made;
    double start = 0;
    for (std::uint32_t r = 0; r < requests; ++r) {
        start += pause(random);
        double at = start;
        for (const std::uint32_t callee : {stock, billing}) {
            at += little(random);
            const double end = at + long_time(random);
            calls.push_back({{.operation = callee,
                              .start_ns = static_cast<std::int64_t>(at),
                              .end_ns = static_cast<std::int64_t>(end)},
                             r});
            at = end;
        }
        made.entered.push_back(
            {order, static_cast<std::int64_t>(start), static_cast<std::int64_t>(at + little(random))});
    }
    std::sort(calls.begin(), calls.end(),
              [](const auto& a, const auto& b) { return a.span.start_ns < b.span.start_ns; });
    for (const auto& each : calls) {
        made.left.push_back(each.span);
        made.truth.push_back(each.cause);
    }
    return made;
}

struct outcome {
    double right = 0, sure = 0, sure_and_wrong = 0;
};

outcome score(const std::vector<timing_guess>& guesses, const std::vector<std::uint32_t>& truth) {
    outcome of;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        of.right += guesses[i].entered == truth[i];
        of.sure += guesses[i].confidence >= 0.9;
        of.sure_and_wrong += guesses[i].confidence >= 0.9 && guesses[i].entered != truth[i];
    }
    const auto all = static_cast<double>(truth.size());
    return {of.right / all, of.sure / all, of.sure_and_wrong / all};
}

TEST(TimingModel, AnswersNothingForNothing) {
    timing_model model;
    EXPECT_TRUE(model.match({}, {}).empty());
    const std::vector<entered_span> entered{{order, 0, ms}};
    EXPECT_TRUE(model.match(entered, {}).empty());
}

TEST(TimingModel, ACallWhileNothingWasOpenHasNoCause) {
    const std::vector<left_span> left{{.operation = stock, .start_ns = 5, .end_ns = 6}};
    const auto guesses = timing_model().match({}, left);
    ASSERT_EQ(guesses.size(), 1u);
    EXPECT_EQ(guesses[0].left, 0u);
    EXPECT_EQ(guesses[0].entered, no_span);
    EXPECT_EQ(guesses[0].confidence, 0);
}

TEST(TimingModel, RequestsOneAfterTheOtherOwnTheirCalls) {
    traffic made;
    for (std::uint32_t r = 0; r < 20; ++r) {
        const std::int64_t start = r * 100 * ms;
        made.entered.push_back({order, start, start + 10 * ms});
        made.left.push_back({.operation = stock, .start_ns = start + ms, .end_ns = start + 8 * ms});
        made.truth.push_back(r);
    }
    const auto of = score(timing_model().match(made.entered, made.left), made.truth);
    EXPECT_EQ(of.right, 1);
    EXPECT_EQ(of.sure, 1);
}

TEST(TimingModel, TellsRequestsApartThatOverlap) {
    const auto made = shop(400, 2 * ms, 7);
    const auto of = score(timing_model().match(made.entered, made.left), made.truth);
    EXPECT_GT(of.right, 0.97);
    EXPECT_GT(of.sure, 0.9);
    EXPECT_LT(of.sure_and_wrong, 0.01);
}

TEST(TimingModel, LearnsFromWindowToWindow) {
    timing_model model;
    const auto quiet = shop(400, 20 * ms, 1);
    model.match(quiet.entered, quiet.left);
    // Too few and too many at once to learn anything from them alone.
    const auto busy = shop(25, ms, 2);
    const auto of = score(model.match(busy.entered, busy.left), busy.truth);
    EXPECT_GE(of.right, score(timing_model().match(busy.entered, busy.left), busy.truth).right);
    EXPECT_GT(of.right, 0.9);
}

TEST(TimingModel, SaysTheSameEveryTime) {
    const auto made = shop(200, 2 * ms, 3);
    const auto once = timing_model().match(made.entered, made.left);
    const auto again = timing_model().match(made.entered, made.left);
    ASSERT_EQ(once.size(), again.size());
    for (std::size_t i = 0; i < once.size(); ++i) {
        EXPECT_EQ(once[i].entered, again[i].entered);
        EXPECT_EQ(once[i].confidence, again[i].confidence);
    }
}

TEST(TimingModel, TakesKnownCausesAsGiven) {
    auto made = shop(100, 2 * ms, 4);
    // Half are known; one of them is not what time would say.
    for (std::size_t i = 0; i < made.left.size(); i += 2) made.left[i].known_cause = made.truth[i];
    const auto guesses = timing_model().match(made.entered, made.left);
    for (std::size_t i = 0; i < made.left.size(); i += 2) {
        EXPECT_EQ(guesses[i].entered, made.truth[i]);
        EXPECT_GE(guesses[i].confidence, 0.9);
    }
}

TEST(TimingModel, AKnownCauseOutOfRangeIsNone) {
    auto made = shop(10, 20 * ms, 5);
    made.left[3].known_cause = 4711;
    const auto guesses = timing_model().match(made.entered, made.left);
    EXPECT_TRUE(guesses[3].entered == no_span || guesses[3].entered < made.entered.size());
}

TEST(TimingModel, EqualTimesAreNobodysInParticular) {
    const std::vector<entered_span> entered(3000, {order, 5, 5});
    const std::vector<left_span> left(3000, {.operation = stock, .start_ns = 5, .end_ns = 5});
    for (const auto& guess : timing_model().match(entered, left)) EXPECT_LT(guess.confidence, 0.5);
}

TEST(TimingModel, CallsMadeAfterTheEndAreFoundButNotSurely) {
    // A queue in memory: a request is answered at once, what it asked for is done later, one after the other.
    traffic made;
    std::mt19937 random(6);
    std::exponential_distribution<double> pause(1.0 / (3.0 * ms));
    double start = 0, free_at = 0;
    for (std::uint32_t r = 0; r < 300; ++r) {
        start += pause(random);
        made.entered.push_back(
            {order, static_cast<std::int64_t>(start), static_cast<std::int64_t>(start + 100.0 * us)});
        const double begin = std::max(free_at, start + 500.0 * us);
        free_at = begin + 2.0 * ms;
        made.left.push_back({.operation = stock,
                             .start_ns = static_cast<std::int64_t>(begin),
                             .end_ns = static_cast<std::int64_t>(free_at)});
        made.truth.push_back(r);
    }
    const auto of = score(timing_model().match(made.entered, made.left), made.truth);
    EXPECT_GT(of.right, 0.05);
    EXPECT_LT(of.sure_and_wrong, 0.05);
}

/// Records that came at one moment and are handled one after the other, each with a call of very different length, in
/// the order of the log or in any.
traffic fetched(std::size_t fetches, std::size_t records, bool in_turn, unsigned seed) {
    std::mt19937 random(seed);
    std::lognormal_distribution<double> little(std::log(300.0 * us), 0.4), long_time(std::log(3.0 * ms), 1.0);
    traffic made;
    double free_at = 0;
    for (std::size_t f = 0; f < fetches; ++f) {
        const double came = free_at + 5.0 * ms;
        std::vector<std::uint32_t> turns;
        for (std::uint32_t r = 0; r < records; ++r) {
            turns.push_back(static_cast<std::uint32_t>(made.entered.size()));
            made.entered.push_back(
                {order, static_cast<std::int64_t>(came), static_cast<std::int64_t>(came + 200.0 * ms), 7});
        }
        if (!in_turn) std::shuffle(turns.begin(), turns.end(), random);
        free_at = came;
        for (const auto cause : turns) {
            const double start = free_at + little(random);
            free_at = start + long_time(random);
            made.left.push_back({.operation = stock,
                                 .start_ns = static_cast<std::int64_t>(start),
                                 .end_ns = static_cast<std::int64_t>(free_at)});
            made.truth.push_back(cause);
            free_at += little(random);
        }
    }
    return made;
}

/// What is said of the calls whose causes are not known, when those of about half of them are.
outcome score_with_half_known(traffic made, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<bool> known(made.left.size());
    for (std::size_t i = 0; i < made.left.size(); ++i) {
        known[i] = random() % 2 == 0;
        if (known[i]) made.left[i].known_cause = made.truth[i];
    }
    const auto guesses = timing_model().match(made.entered, made.left);
    outcome out;
    double asked = 0;
    for (std::size_t i = 0; i < made.left.size(); ++i) {
        if (known[i]) continue;
        ++asked;
        const bool right = guesses[i].entered == made.truth[i], sure = guesses[i].confidence >= 0.9;
        out.right += right, out.sure += sure, out.sure_and_wrong += sure && !right;
    }
    return {out.right / asked, out.sure / asked, out.sure_and_wrong / asked};
}

TEST(TimingModel, WhatIsWorkedOffInTurnIsToldByItsOrder) {
    const auto of = score_with_half_known(fetched(30, 8, true, 8), 1);
    EXPECT_GT(of.right, 0.95);
    EXPECT_GT(of.sure, 0.8);
    EXPECT_LT(of.sure_and_wrong, 0.01);
}

TEST(TimingModel, AnOrderThatIsNotKeptIsNotBelieved) {
    const auto of = score_with_half_known(fetched(30, 8, false, 9), 2);
    EXPECT_LT(of.sure_and_wrong, 0.02);
}

TEST(TimingModel, CrowdedTimesAreUnderstoodByQuietOnes) {
    auto made = shop(300, 10 * ms, 11);
    const auto crowd = shop(150, ms / 2, 12);
    const auto later = made.entered.back().start_ns + 1'000 * ms;
    const auto before = static_cast<std::uint32_t>(made.entered.size());
    for (const auto& each : crowd.entered)
        made.entered.push_back({each.operation, each.start_ns + later, each.end_ns + later});
    for (std::size_t i = 0; i < crowd.left.size(); ++i) {
        auto call = crowd.left[i];
        call.start_ns += later, call.end_ns += later;
        made.left.push_back(call);
        made.truth.push_back(crowd.truth[i] + before);
    }
    const auto of = score(timing_model().match(made.entered, made.left), made.truth);
    EXPECT_GT(of.right, 0.95);
    EXPECT_LT(of.sure_and_wrong, 0.01);
}

TEST(TimingModel, SurvivesTimesThatCannotBe) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
    const std::vector<entered_span> entered{{order, least, most}, {order, 0, least}, {listing, most, least}};
    const std::vector<left_span> left{{.operation = stock, .start_ns = least, .end_ns = most},
                                      {.operation = stock, .start_ns = 5, .end_ns = -5},
                                      {.operation = billing, .start_ns = most, .end_ns = most}};
    timing_model model;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(model.match(entered, left).size(), 3u);
    EXPECT_EQ(match_hops(left, entered).size(), 3u);
}

TEST(TimingModel, StaysSmallWhateverOperationsThereAre) {
    timing_model model;
    traffic made;
    for (std::uint32_t i = 0; i < 400; ++i) {
        made.entered.push_back({i, i * 10 * us, i * 10 * us + 50 * us});
        made.left.push_back({.operation = i, .start_ns = i * 10 * us + 5 * us, .end_ns = i * 10 * us + 8 * us});
    }
    for (std::uint32_t window = 0; window < 3; ++window) {
        for (auto& e : made.entered) e.operation += 10'000;
        model.match(made.entered, made.left);
    }
    EXPECT_LT(model.memory(), 40U << 20);
}

TEST(TimingModel, HundredsOpenAtOnceDoNotHoldItUp) {
    traffic made;
    for (std::int64_t i = 0; i < 600; ++i) {
        made.entered.push_back({order, i * us, i * us + ms});
        made.left.push_back({.operation = stock, .start_ns = i * us + 500, .end_ns = i * us + 500 * us});
    }
    EXPECT_EQ(timing_model().match(made.entered, made.left).size(), 600u);
}

}  // namespace
}  // namespace outrider::tracing
