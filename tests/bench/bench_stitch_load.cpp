// Spans a core stitches in a second, what a held span takes and how late chains are decided.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "tests/support/chain_generator.hpp"
#include "tests/support/chain_score.hpp"

namespace {

using outrider::test::generated_chains;
using outrider::test::generator_options;

generated_chains traffic(double in_flight, const char* kind) {
    generator_options options;
    options.seed = 20'001;
    options.in_flight = in_flight;
    options.requests = 3000;
    return outrider::test::generate(outrider::test::traffic_class_named(kind), options);
}

/// Adds and asks, as a collector does; the stitcher learns from nothing each time.
void stitch(benchmark::State& state, const char* kind) {
    const auto spans = traffic(static_cast<double>(state.range(0)) / 10, kind);
    double bytes = 0, real_bytes = 0;
    for (auto _ : state) {
        const auto before = mallinfo2().uordblks;
        outrider::tracing::stitcher stitcher;
        auto now = spans.spans.front().at_ns;
        for (const auto& each : spans.spans) {
            for (; now + 50'000'000 <= each.at_ns; now += 50'000'000) benchmark::DoNotOptimize(stitcher.advance(now));
            stitcher.add(each.span, each.at_ns);
        }
        benchmark::DoNotOptimize(stitcher.finish());
        const auto held = static_cast<double>(stitcher.counters().held);
        bytes = static_cast<double>(stitcher.counters().bytes) / held;
        real_bytes = static_cast<double>(mallinfo2().uordblks - before) / held;
    }
    const auto late = outrider::test::score(spans, outrider::test::run_stitcher(spans, {})).latency_p99_s;
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(spans.spans.size()));
    state.counters["in_flight"] = spans.busiest_in_flight;
    state.counters["bytes_told"] = bytes;
    state.counters["bytes_taken"] = real_bytes;
    state.counters["decided_p99_s"] = late;
}

}  // namespace

BENCHMARK_CAPTURE(stitch, sequential, "sequential")->Arg(15)->Arg(40)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stitch, fan_out, "fan-out")->Arg(15)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stitch, forwarding, "forwarding 0.9")->Arg(100)->Unit(benchmark::kMillisecond);
