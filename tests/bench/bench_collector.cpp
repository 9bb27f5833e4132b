// What a collector does with a span: decoding, holding, stitching; and how much memory that takes.
#include <fstream>

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include "sidecar/collector/chain_pipeline.hpp"
#include "tests/support/sidecar_spans.hpp"
#include "tracing/otlp.hpp"
#include "tracing/span_batch.hpp"

using namespace outrider;
using namespace outrider::collector;

namespace {

constexpr std::uint64_t begin_ns = 1'700'000'000'000'000'000;
constexpr std::size_t orders_of_request = 100;
constexpr std::uint64_t apart_ns = 10'000'000;  // hardly two orders at once

std::size_t resident_bytes() {
    std::size_t pages = 0;
    std::ifstream{"/proc/self/statm"}.ignore(100, ' ') >> pages;
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::string request(std::uint64_t first) {
    test::sidecar_spans world;
    std::vector<tracing::span_data> spans;
    for (std::uint64_t i = first; i < first + orders_of_request; ++i)
        for (auto& one : world.order(i, begin_ns + i * apart_ns)) spans.push_back(std::move(one));
    // As sidecars send them: by service.
    std::stable_sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.origin < b.origin; });
    return tracing::encode_otlp(spans);
}

/// Time passes with the orders.
struct moving_clock {
    std::int64_t now_ns = begin_ns;
    pipeline_clock clock() {
        return {[this] { return now_ns; }, [this] { return now_ns; }};
    }
};

void decode(benchmark::State& state) {
    const auto body = request(0);
    for (auto _ : state) benchmark::DoNotOptimize(tracing::decode_otlp(body));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(orders_of_request) * 5);
}
BENCHMARK(decode);

/// As the collector does it: the request copied, the rest read in place.
void decode_in_place(benchmark::State& state) {
    const auto body = request(0);
    tracing::span_batch batch;
    for (auto _ : state) benchmark::DoNotOptimize(batch.decode(batch.keep(body)));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(orders_of_request) * 5);
}
BENCHMARK(decode_in_place);

void hold(benchmark::State& state) {
    std::vector<std::unique_ptr<tracing::span_batch>> batches;
    for (std::uint64_t i = 0; i < 50; ++i) {
        auto& one = batches.emplace_back(std::make_unique<tracing::span_batch>());
        one->decode(one->keep(request(i * orders_of_request)));
    }
    auto store = std::make_unique<trace_store>(store_limits{512 << 20});
    std::size_t next = 0;
    for (auto _ : state) {
        if (next == batches.size()) {
            state.PauseTiming();
            store = std::make_unique<trace_store>(store_limits{512 << 20});
            next = 0;
            state.ResumeTiming();
        }
        store->add(batches[next++]->spans());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(orders_of_request) * 5);
}
BENCHMARK(hold);

/// All of it on one core: decode, hold, stitch, settle, sum up; bytes held at the end, as the process has them.
void collect(benchmark::State& state) {
    std::vector<std::string> requests;
    const auto count = static_cast<std::uint64_t>(state.range(0));
    for (std::uint64_t i = 0; i < count; ++i) requests.push_back(request(i * orders_of_request));
    for (auto _ : state) {
        state.PauseTiming();
        malloc_trim(0);
        const auto before = resident_bytes();
        moving_clock time;
        auto store = std::make_unique<trace_store>(store_limits{1ULL << 30, 128 << 20, 1'000'000});
        auto pipeline = std::make_unique<chain_pipeline>(*store, pipeline_options{}, nullptr, nullptr, time.clock());
        state.ResumeTiming();
        for (const auto& body : requests) {
            auto batch = pipeline->spare_batch();
            batch->decode(batch->keep(body));
            pipeline->take(std::move(batch), log_row::protobuf, body);
            time.now_ns += orders_of_request * apart_ns;
            pipeline->step();
        }
        for (int i = 0; i < 30; ++i) {
            time.now_ns += 100'000'000;
            pipeline->step();
        }
        state.PauseTiming();
        malloc_trim(0);
        const auto held = store->counters();
        const auto stitching = pipeline->counters().stitching;
        const auto spans = static_cast<double>(held.stored);
        state.counters["resident_bytes_per_span"] = static_cast<double>(resident_bytes() - before) / spans;
        state.counters["store_bytes_per_span"] = static_cast<double>(held.bytes) / spans;
        state.counters["stitcher_bytes_per_its_span"] =
            static_cast<double>(stitching.bytes) / static_cast<double>(std::max<std::uint64_t>(stitching.held, 1));
        state.counters["otlp_bytes_per_span"] = static_cast<double>(requests[0].size()) / (orders_of_request * 5);
        state.counters["waiting"] = static_cast<double>(held.waiting);
        pipeline.reset();
        store.reset();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count * orders_of_request) * 5);
}
BENCHMARK(collect)->Arg(400)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
