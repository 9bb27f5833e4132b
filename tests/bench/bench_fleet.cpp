#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "governance/fleet_limiter.hpp"

// What a decision of a fleet's limit costs a worker; the store answers at once, between the measurements.

namespace {

using namespace outrider::governance;
using namespace std::chrono_literals;

fleet_limiter::key_name name_of(std::string_view) { return {}; }

std::shared_ptr<fleet_link> link_that_is(bool up) {
    auto out = std::make_shared<fleet_link>(4.0);
    out->set_up(up);
    return out;
}

limit_rule rule_of(double per_second, bool keyed) {
    limit_rule out;
    out.rate.per_second = per_second;
    if (keyed) out.key = {key_source::kind::header, "x-tenant"};
    out.keys = 1'000;
    return out;
}

void take_of(benchmark::State& state, bool up, double per_second, bool keyed) {
    time_point now{1h};
    const auto link = link_that_is(up);
    fleet_limiter limiter(rule_of(per_second, keyed), now, link, name_of);
    std::vector<fleet_limiter::request> asked;
    std::int64_t admitted = 0;
    std::int64_t step = 0;
    for (auto _ : state) {
        rate_ticket ticket;
        admitted += limiter.take("tenant-1234567890", 1, now += 1us, ticket).admitted ? 1 : 0;
        if (++step % 1'000 != 0 || !up) continue;
        asked.clear();
        limiter.collect(now, 64, asked);
        for (const auto& one : asked)
            limiter.answered(one, {std::min(one.what.want, per_second / 1'000), per_second / 2}, now);
    }
    state.counters["admitted"] = static_cast<double>(admitted) / static_cast<double>(state.iterations());
}

BENCHMARK_CAPTURE(take_of, of_the_lease, true, 1e9, false);
BENCHMARK_CAPTURE(take_of, of_the_lease_by_key, true, 1e9, true);
BENCHMARK_CAPTURE(take_of, refused_mostly, true, 250'000, false);
BENCHMARK_CAPTURE(take_of, of_the_share, false, 1e9, false);

}  // namespace
