// A slot taken and given back: what every exchange under a concurrency rule pays.
#include <atomic>

#include <benchmark/benchmark.h>

#include "governance/concurrency.hpp"

using namespace outrider::governance;

namespace {

concurrency_rule rule_of(bool adaptive) {
    concurrency_rule rule;
    rule.max = 200;
    rule.adaptive = adaptive;
    rule.queue = 50;
    return rule;
}

/// Time moves 5 us an exchange, so that an adaptive limit evaluates as often as it would at 200,000 in a second.
void enter_and_leave(benchmark::State& state, bool adaptive) {
    static concurrency_limiter limiters[] = {{rule_of(false), time_point{}}, {rule_of(true), time_point{}}};
    static std::atomic<std::int64_t> latest{0};
    auto& limiter = limiters[adaptive];
    auto now = time_point{} + nanoseconds{latest.load()};
    for (auto _ : state) {
        now += std::chrono::microseconds{5};
        if (limiter.enter(priority::normal, nullptr, now) != concurrency_limiter::verdict::go) continue;
        limiter.leave(outcome::success, std::chrono::milliseconds{20}, now);
    }
    latest = now.time_since_epoch().count();
}
BENCHMARK_CAPTURE(enter_and_leave, fixed, false)->Threads(1)->Threads(2);
BENCHMARK_CAPTURE(enter_and_leave, adaptive, true)->Threads(1)->Threads(2);

void refuse(benchmark::State& state) {
    auto rule = rule_of(false);
    rule.max = 1;
    concurrency_limiter limiter{rule, time_point{}};
    limiter.enter(priority::normal, nullptr, time_point{});
    for (auto _ : state) benchmark::DoNotOptimize(limiter.enter(priority::normal, nullptr, time_point{}));
    limiter.leave(outcome::success, std::chrono::milliseconds{20}, time_point{});
}
BENCHMARK(refuse);

/// Somebody always waits: each round a slot goes from hand to hand through the queue.
void hand_over(benchmark::State& state) {
    auto rule = rule_of(false);
    rule.max = 1;
    concurrency_limiter limiter{rule, time_point{}};
    slot_waiter waiter;
    waiter.on_granted = [](slot_waiter*) {};
    limiter.enter(priority::normal, nullptr, time_point{});
    for (auto _ : state) {
        limiter.enter(priority::normal, &waiter, time_point{});
        limiter.leave(outcome::success, std::chrono::milliseconds{20}, time_point{});
    }
    limiter.leave(outcome::success, std::chrono::milliseconds{20}, time_point{});
}
BENCHMARK(hand_over);

}  // namespace
