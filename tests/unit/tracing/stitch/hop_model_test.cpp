#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tracing/stitch/timing_model.hpp"

namespace outrider::tracing {
namespace {

constexpr double us = 1'000, ms = 1'000'000;

struct hops {
    std::vector<left_span> left;
    std::vector<entered_span> entered;
    std::vector<std::uint32_t> truth;  ///< of each left one
};

/// Calls from one process to another whose clock is ahead by so much.
hops calls(std::size_t count, double every, double offset, unsigned seed) {
    std::mt19937 random(seed);
    std::lognormal_distribution<double> way(std::log(300 * us), 0.4), work(std::log(4 * ms), 0.8);
    std::exponential_distribution<double> pause(1 / every);
    std::vector<std::pair<entered_span, std::uint32_t>> entered;
    hops made;
    double at = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        at += pause(random);
        const double begin = at + way(random), end = begin + work(random);
        made.left.push_back({.operation = 1,
                             .start_ns = static_cast<std::int64_t>(at),
                             .end_ns = static_cast<std::int64_t>(end + way(random))});
        entered.push_back({{2, static_cast<std::int64_t>(begin + offset), static_cast<std::int64_t>(end + offset)}, i});
    }
    std::sort(entered.begin(), entered.end(),
              [](const auto& a, const auto& b) { return a.first.start_ns < b.first.start_ns; });
    made.truth.resize(count);
    for (std::uint32_t e = 0; e < count; ++e) {
        made.entered.push_back(entered[e].first);
        made.truth[entered[e].second] = e;
    }
    return made;
}

double share_right(const std::vector<timing_guess>& guesses, const hops& made) {
    double right = 0;
    for (std::size_t i = 0; i < made.truth.size(); ++i) right += guesses[i].entered == made.truth[i];
    return right / static_cast<double>(made.truth.size());
}

TEST(HopModel, FindsTheOtherEndOfACall) {
    const auto made = calls(300, 5 * ms, 0, 1);
    EXPECT_GT(share_right(match_hops(made.left, made.entered), made), 0.98);
}

TEST(HopModel, FindsItAcrossClocksThatDiffer) {
    for (const double offset : {-50 * ms, -3 * ms, 50 * ms}) {
        const auto made = calls(300, 5 * ms, offset, 2);
        EXPECT_GT(share_right(match_hops(made.left, made.entered), made), 0.98) << offset;
    }
}

TEST(HopModel, ALostEndIsNotReplacedSurely) {
    auto made = calls(300, 5 * ms, 0, 3);
    double wrong = 0;
    std::vector<entered_span> some;
    for (std::size_t e = 0; e < made.entered.size(); ++e)
        if (e % 10) some.push_back(made.entered[e]);
    const auto guesses = match_hops(made.left, some);
    for (std::size_t i = 0; i < guesses.size(); ++i) wrong += made.truth[i] % 10 == 0 && guesses[i].confidence >= 0.9;
    EXPECT_LE(wrong, 2);
}

TEST(HopModel, KeepsWhatItLearntOfTheClocks) {
    hop_model model;
    const auto many = calls(300, 5 * ms, 20 * ms, 4);
    model.match(many.left, many.entered);
    const auto few = calls(3, 2 * ms, 20 * ms, 5);
    EXPECT_EQ(share_right(model.match(few.left, few.entered), few), 1);
    EXPECT_LT(model.memory(), 100'000u);
}

TEST(HopModel, AKnownOneIsTaken) {
    auto made = calls(50, ms, 0, 6);
    for (std::size_t i = 0; i < made.left.size(); ++i) made.left[i].known_cause = made.truth[i];
    EXPECT_EQ(share_right(match_hops(made.left, made.entered), made), 1);
}

TEST(HopModel, EqualTimesAreNobodysInParticular) {
    const std::vector<entered_span> entered(400, {2, 5, 5});
    const std::vector<left_span> left(400, {.operation = 1, .start_ns = 5, .end_ns = 5});
    for (const auto& guess : match_hops(left, entered)) EXPECT_LT(guess.confidence, 0.5);
}

}  // namespace
}  // namespace outrider::tracing
