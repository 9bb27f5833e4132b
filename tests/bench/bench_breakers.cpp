// What breakers, retry budgets and balancing add to every attempt.
#include <string>

#include <benchmark/benchmark.h>

#include "governance/balancer.hpp"
#include "governance/breaker_table.hpp"
#include "governance/retry_budget.hpp"

using namespace outrider::governance;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1h};

breaker_rule typical_rule() {
    breaker_rule rule;
    rule.consecutive = 5;
    rule.failures = 0.5;
    rule.slow = 0.8;
    rule.slow_over = 400ms;
    return rule;
}

/// Closed; `one_in` calls fails (0: none).
void ask_and_report(benchmark::State& state) {
    static breaker* shared;
    if (state.thread_index() == 0) shared = new breaker(typical_rule(), start);
    const auto one_in = state.range(0);
    std::int64_t left = one_in;
    auto now = start;
    for (auto _ : state) {
        now += 10us;
        const auto given = shared->ask(now);
        const bool fails = --left == 0;
        if (fails) left = one_in;
        shared->report(given, fails ? outcome::failure : outcome::success, 1ms, now);
    }
    if (state.thread_index() == 0) delete shared;
}
BENCHMARK(ask_and_report)->Arg(0)->Arg(100)->Arg(10);
BENCHMARK(ask_and_report)->Arg(0)->Threads(2);

void ask_when_open(benchmark::State& state) {
    breaker it(typical_rule(), start);
    it.force(breaker_force::open, start);
    it.force(breaker_force::none, start);
    const auto probe = it.ask(start);
    it.report(probe, outcome::failure, 1ms, start);
    for (auto _ : state) benchmark::DoNotOptimize(it.ask(start));
}
BENCHMARK(ask_when_open);

void find_a_breaker(benchmark::State& state) {
    breaker_table table(typical_rule(), start);
    for (std::int64_t i = 0; i < state.range(0); ++i) table.of("upstream-" + std::to_string(i), start);
    for (auto _ : state) benchmark::DoNotOptimize(&table.of("upstream-0", start));
}
BENCHMARK(find_a_breaker)->Arg(1)->Arg(1'000);

void pick_and_end(benchmark::State& state) {
    balancer it(static_cast<std::size_t>(state.range(0)), start);
    const balance_rule balance{.kind = static_cast<balance_kind>(state.range(1))};
    const eject_rule eject{.failures = 0.5};
    std::uint64_t random = 1;
    auto now = start;
    for (auto _ : state) {
        now += 10us;
        random = random * 6364136223846793005 + 1442695040888963407;
        const auto index = it.pick({}, now, {&balance, &eject}, random);
        it.ended(index, outcome::success, std::chrono::microseconds(900 + (random >> 57)), now, {&balance, &eject});
    }
}
BENCHMARK(pick_and_end)
    ->ArgNames({"endpoints", "kind"})
    ->Args({1, 0})
    ->Args({4, 0})
    ->Args({4, 1})
    ->Args({4, 2})
    ->Args({64, 0});

void count_an_exchange_and_a_retry(benchmark::State& state) {
    retry_budget it(retry_rule{}, start);
    auto now = start;
    for (auto _ : state) {
        now += 10us;
        it.exchange(now);
        if (it.begin(now)) it.end();
    }
}
BENCHMARK(count_an_exchange_and_a_retry);

}  // namespace
