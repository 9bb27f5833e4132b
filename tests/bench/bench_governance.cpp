// What a decision of governance costs.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "governance/keyed_hash.hpp"
#include "governance/rate_limiter.hpp"

using namespace outrider::governance;

namespace {

const time_point created{std::chrono::hours{1}};

limit_rule rule_of(double per_second, key_source::kind key, std::uint32_t keys = 100'000) {
    limit_rule rule;
    rule.rate.per_second = per_second;
    rule.burst = per_second;
    rule.key.from = key;
    rule.keys = keys;
    return rule;
}

/// Addresses, as most keys are.
std::vector<std::string> addresses(std::size_t count) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back("10." + std::to_string(i >> 16 & 255) + "." + std::to_string(i >> 8 & 255) + "." +
                      std::to_string(i & 255));
    std::shuffle(out.begin(), out.end(), std::mt19937{1});
    return out;
}

void hash_a_key(benchmark::State& state) {
    std::string key(static_cast<std::size_t>(state.range(0)), 'x');
    hash_secret secret{1, 2};
    for (auto _ : state) {
        benchmark::DoNotOptimize(key.data());
        benchmark::DoNotOptimize(keyed_hash(key, secret));
    }
}
BENCHMARK(hash_a_key)->Arg(12)->Arg(36);

/// Without a key; admitted, and refused.
void take_unkeyed(benchmark::State& state) {
    rate_limiter limiter{rule_of(state.range(0) ? 1e9 : 1e-3, key_source::kind::none), created};
    auto now = created;
    rate_ticket ticket;
    for (auto _ : state) {
        now += std::chrono::nanoseconds{20};
        benchmark::DoNotOptimize(limiter.take({}, 1, now, ticket));
    }
}
BENCHMARK(take_unkeyed)->ArgName("admitted")->Arg(1)->Arg(0);

void take_warming_up(benchmark::State& state) {
    auto rule = rule_of(state.range(0) ? 1e9 : 1'000, key_source::kind::none);
    rule.warm_up = std::chrono::hours{1};
    rate_limiter limiter{rule, created};
    auto now = created;
    rate_ticket ticket;
    for (auto _ : state) {
        now += std::chrono::nanoseconds{20};
        benchmark::DoNotOptimize(limiter.take({}, 1, now, ticket));
    }
}
BENCHMARK(take_warming_up)->ArgName("admitted")->Arg(1)->Arg(0);

/// Keys that are known, in random order.
void take_keyed(benchmark::State& state) {
    auto count = static_cast<std::size_t>(state.range(0));
    rate_limiter limiter{rule_of(1e6, key_source::kind::address, static_cast<std::uint32_t>(count)), created};
    auto keys = addresses(count);
    rate_ticket ticket;
    for (const auto& key : keys) limiter.take(key, 1, created, ticket);
    auto now = created;
    std::size_t next = 0;
    for (auto _ : state) {
        now += std::chrono::nanoseconds{20};
        benchmark::DoNotOptimize(limiter.take(keys[next], 1, now, ticket));
        if (++next == count) next = 0;
    }
}
BENCHMARK(take_keyed)->ArgName("keys")->Arg(1)->Arg(1'000)->Arg(1'000'000);

/// Each decision for a key that never came before, in a table that is full of busy ones. The times of single decisions
/// include reading the clock twice.
void take_under_a_flood(benchmark::State& state) {
    rate_limiter limiter{rule_of(1, key_source::kind::address), created};
    rate_ticket ticket;
    auto now = created;
    std::vector<double> took;
    took.reserve(1 << 22);
    std::uint64_t number = 0;
    char key[8];
    auto next = [&] {
        std::memcpy(key, &++number, 8);
        now += std::chrono::microseconds{1};
        return limiter.take({key, 8}, 1, now, ticket);
    };
    for (int i = 0; i < 400'000; ++i) next();
    for (auto _ : state) {
        auto from = std::chrono::steady_clock::now();
        benchmark::DoNotOptimize(next());
        std::chrono::duration<double, std::nano> each = std::chrono::steady_clock::now() - from;
        if (took.size() < took.capacity()) took.push_back(each.count());
    }
    std::sort(took.begin(), took.end());
    auto at = [&](double share) {
        return took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))];
    };
    state.counters["p50_ns"] = at(0.5);
    state.counters["p99_ns"] = at(0.99);
    state.counters["p99.9_ns"] = at(0.999);
    state.counters["max_ns"] = took.back();
    state.counters["overflowed"] = static_cast<double>(limiter.look(now).overflowed);
}
BENCHMARK(take_under_a_flood)->Iterations(2'000'000);

/// All threads want the same bucket.
void take_contended(benchmark::State& state) {
    static rate_limiter unkeyed{rule_of(1e9, key_source::kind::none), created};
    static rate_limiter keyed{rule_of(1e9, key_source::kind::address), created};
    auto& limiter = state.range(0) ? keyed : unkeyed;
    auto now = created;
    rate_ticket ticket;
    for (auto _ : state) {
        now += std::chrono::nanoseconds{20};
        benchmark::DoNotOptimize(limiter.take("10.0.0.1", 1, now, ticket));
    }
}
BENCHMARK(take_contended)->ArgName("keyed")->Arg(0)->Arg(1)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace
