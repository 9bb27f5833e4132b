#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "governance/admission.hpp"
#include "governance/policy_set.hpp"

// What policies cost an exchange: finding them, asking them, and the end; allocations are counted.

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* found = std::malloc(size)) return found;
    throw std::bad_alloc{};
}
void operator delete(void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }

namespace {

using namespace outrider::governance;

policy named(std::string name, std::string path) {
    policy out;
    out.name = std::move(name);
    out.match.kind = traffic::inbound;
    out.match.path = std::move(path);
    return out;
}

limit_rule limit_by(key_source::kind key) {
    limit_rule out;
    out.rate = {1e9, "1000000000/s"};
    out.burst = 1e9;
    out.key.from = key;
    return out;
}

/// `rules` rules that match: a limit by address; a bulkhead; a breaker.
std::vector<policy> governed(int rules) {
    auto one = named("orders", "/orders/{id}");
    one.limits = {limit_by(key_source::kind::address)};
    if (rules > 1) one.concurrency = {concurrency_rule{.max = 1'000}};
    if (rules > 2) one.breakers = {breaker_rule{.consecutive = 5, .failures = 0.5}};
    return {one};
}

facts order() {
    facts out;
    out.kind = traffic::inbound;
    out.upstream = "app";
    out.method = "POST";
    out.path = "/orders/4711";
    out.address = "10.1.2.3";
    return out;
}

std::shared_ptr<const policy_set> compile(std::vector<policy> policies) {
    return policy_set::compile(std::move(policies), nullptr, {.now = steady_clock::now()});
}

/// Admission, attempt and end of one exchange under so many rules; with `match`, they are found first. Time is the
/// caller's, as in the data path.
void run_exchange(benchmark::State& state, bool match) {
    auto set = compile(governed(static_cast<int>(state.range(0))));
    auto of = order();
    matched by;
    admission way;
    slot_waiter waiter;
    permit holds;
    attempt_permit attempt;
    decision_counter counter;
    auto now = steady_clock::now();
    set->match(of, by);
    auto exchange = [&] {
        now += std::chrono::microseconds{10};
        if (match) set->match(of, by);
        auto said = way.admit(by, of, now, {}, holds, counter, waiter);
        benchmark::DoNotOptimize(attempt.ask(by, of.upstream, now, counter));
        attempt.finish(outcome::success, now);
        holds.finish(outcome::success, now);
        benchmark::DoNotOptimize(said);
    };
    for (int i = 0; i < 1'000; ++i) exchange();
    auto before = allocations;
    for (auto _ : state) exchange();
    state.counters["allocations"] = static_cast<double>(allocations - before);
}

void admit_and_finish(benchmark::State& state) { run_exchange(state, false); }
void match_admit_and_finish(benchmark::State& state) { run_exchange(state, true); }
BENCHMARK(admit_and_finish)->ArgName("rules")->Arg(1)->Arg(3);
BENCHMARK(match_admit_and_finish)->ArgName("rules")->Arg(1)->Arg(3);

/// Finding the policies of an exchange among so many: by path, by upstream, by header and by glob.
void match_among(benchmark::State& state) {
    std::vector<policy> policies;
    for (int i = 0; i < state.range(0); ++i) {
        auto one = named("p" + std::to_string(i), "");
        auto number = std::to_string(i);
        if (i % 4 == 0) one.match.path = "/shop" + number + "/{id}/items";
        if (i % 4 == 1) one.match.host = "host" + number + ".example";
        if (i % 4 == 2) one.match.headers = {{"x-tenant", "tenant" + number}};
        if (i % 4 == 3) one.match.path = "/v1/area" + number + "/{rest...}";
        one.limits = {limit_by(key_source::kind::none)};
        policies.push_back(std::move(one));
    }
    for (auto& each : governed(3)) policies.push_back(each);
    auto set = compile(std::move(policies));
    auto of = order();
    of.host = "host501.example";
    of.header = {[](const void*, std::string_view name) -> std::string_view {
                     return name == "x-tenant" ? "tenant502" : std::string_view{};
                 },
                 &of};
    matched by;
    set->match(of, by);
    if (by.policies.size() != (state.range(0) > 502 ? 3U : 1U)) state.SkipWithError("the wrong policies were found");
    auto before = allocations;
    for (auto _ : state) {
        set->match(of, by);
        benchmark::DoNotOptimize(by.policies.size());
    }
    state.counters["allocations"] = static_cast<double>(allocations - before);
}
BENCHMARK(match_among)->ArgName("policies")->Arg(10)->Arg(1'000);

}  // namespace
