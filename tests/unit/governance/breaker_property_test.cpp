#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "governance/breaker.hpp"

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;
using state = breaker::state;

struct held_leave {
    breaker::leave given;
    time_point lease_ends{};
};

/// Anything that callers and time may do to a breaker, from a seed.
class anything {
  public:
    explicit anything(unsigned seed) : random_(seed), rule_(some_rule()), which_(rule_, now_) {}

    void step() {
        switch (below(8)) {
            case 0:
            case 1:
            case 2:
                return ask();
            case 3:
            case 4:
                return report();
            case 5:
                if (!held_.empty()) take(below(held_.size()));  // abandoned: it is never reported
                return;
            case 6:
                now_ += nanoseconds(below(20'000'000));
                return;
            default:
                if (below(10) == 0) now_ += nanoseconds(below(15'000'000'000));
        }
    }

    /// From now on the upstream answers every call. @return how long it took until one was let through
    nanoseconds until_reached() {
        const auto returned = now_;
        for (;; now_ += 5ms) {
            const auto given = which_.ask(now_);
            if (given.granted) return now_ - returned;
            if (now_ - returned > 1min) return 1min;
        }
    }

    /// And how long until all is let through again.
    nanoseconds until_closed() {
        const auto returned = now_;
        for (;; now_ += 5ms) {
            const auto given = which_.ask(now_);
            which_.report(given, outcome::success, 1ms, now_);
            if (which_.look(now_).state == state::closed || now_ - returned > 1min) return now_ - returned;
        }
    }

    const breaker_rule& rule() const { return rule_; }

  private:
    std::uint64_t below(std::uint64_t count) { return random_() % count; }

    breaker_rule some_rule() {
        breaker_rule out;
        if (below(2)) out.consecutive = 1 + below(5);
        if (below(2)) out.failures = 0.1 + 0.1 * static_cast<double>(below(9));
        if (below(2)) out.slow = 0.1 + 0.1 * static_cast<double>(below(9)), out.slow_over = 100ms;
        if (!out.consecutive && !out.failures && !out.slow) out.consecutive = 2;
        out.min_calls = static_cast<std::uint32_t>(below(10));
        out.probes = static_cast<std::uint32_t>(1 + below(4));
        out.probe_lease = milliseconds(100 + below(5'000));
        out.ramp = milliseconds(below(3) * 1'000);
        return out;
    }

    void ask() {
        const auto given = which_.ask(now_);
        if (!given.granted) {
            ASSERT_GE(given.wait, 0ns);
            ASSERT_LE(given.wait, rule_.open);
            return;
        }
        held_.push_back({given, now_ + rule_.probe_lease});
        if (given.probe) {
            std::size_t probes = 0;
            for (const auto& each : held_)
                probes += each.given.probe && each.given.generation == given.generation && each.lease_ends > now_;
            ASSERT_LE(probes, rule_.probes);
            ASSERT_EQ(which_.look(now_).state, state::half_open);
        }
    }

    held_leave take(std::size_t index) {
        std::swap(held_[index], held_.back());
        const auto out = held_.back();
        held_.pop_back();
        return out;
    }

    void report() {
        if (held_.empty()) return;
        const auto old = take(below(held_.size()));
        const auto before = which_.look(now_);
        const auto how = std::array{outcome::success, outcome::failure, outcome::failure, outcome::ignored}[below(4)];
        which_.report(old.given, how, milliseconds(below(200)), now_);
        const auto after = which_.look(now_);
        if (old.given.generation != before.generation || how == outcome::ignored) {
            ASSERT_EQ(after.generation, before.generation);
            ASSERT_EQ(after.calls, before.calls);
        }
    }

    std::mt19937_64 random_;
    time_point now_{1h};
    breaker_rule rule_;
    breaker which_;
    std::vector<held_leave> held_;
};

TEST(BreakerProperty, ReachesAnUpstreamThatAnswersAgainWhateverHappenedBefore) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        anything it(seed);
        const auto steps = 50 + seed % 200;
        for (unsigned i = 0; i < steps; ++i) it.step();
        ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed;
        ASSERT_LE(it.until_reached(), it.rule().open + it.rule().probe_lease + 5ms) << "seed " << seed;
        // The call that until_reached() was granted never reports.
        const auto lease = nanoseconds(it.rule().probe_lease);
        ASSERT_LE(it.until_closed(), 2 * lease + 3 * it.rule().open + it.rule().ramp + 50ms) << "seed " << seed;
    }
}

TEST(BreakerThreads, CountExactlyWhileClosed) {
    breaker_rule rule;
    rule.consecutive = 1'000'000;
    const time_point now{1h};
    breaker it(rule, now);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 20'000; ++i) {
                const auto given = it.ask(now);
                it.report(given, i % 4 == t % 4 ? outcome::failure : outcome::success, 1ms, now);
            }
        });
    for (auto& each : threads) each.join();
    EXPECT_EQ(it.look(now).calls, 80'000u);
    EXPECT_EQ(it.look(now).failures, 20'000u);
}

TEST(BreakerThreads, NeverLetMoreProbesThroughThanAreAllowedAndEndClosed) {
    breaker_rule rule;
    rule.consecutive = 3;
    rule.failures = 0.5;
    rule.open = 5ms;
    rule.ramp = 5ms;
    const time_point start{1h};
    breaker it(rule, start);
    std::atomic<std::int64_t> ticks{0};  // each call takes 10 us of everybody's time
    std::atomic<std::uint32_t> probing{0}, most{0}, granted{0};
    auto now = [&] { return start + std::chrono::microseconds(10) * ticks.fetch_add(1); };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            std::minstd_rand random(t + 1);
            for (int i = 0; i < 20'000; ++i) {
                const auto given = it.ask(now());
                if (given.probe) {
                    const auto held = probing.fetch_add(1) + 1;
                    for (auto seen = most.load(); held > seen && !most.compare_exchange_weak(seen, held);) {
                    }
                    probing.fetch_sub(1);
                }
                granted += given.granted;
                it.report(given, random() % 8 == 0 ? outcome::success : outcome::failure, 1ms, now());
                if (i % 100 == 0) it.look(now());
            }
        });
    for (auto& each : threads) each.join();
    EXPECT_LE(most, rule.probes);
    EXPECT_GT(it.look(now()).openings, 10u);
    EXPECT_LT(granted, 40'000u);
    for (int i = 0; i < 10'000; ++i) it.report(it.ask(now()), outcome::success, 1ms, now());
    EXPECT_EQ(it.look(now()).state, state::closed);
}

}  // namespace
}  // namespace outrider::governance
