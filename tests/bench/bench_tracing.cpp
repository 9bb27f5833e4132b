// The pieces of tracing that every exchange pays for.
#include <benchmark/benchmark.h>

#include "tracing/context.hpp"
#include "tracing/sampler.hpp"
#include "tracing/span_encoder.hpp"

using namespace outrider::tracing;

namespace {

context_fields typical_fields() {
    context_fields fields;
    fields.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    return fields;
}

void extract_nothing(benchmark::State& state) {
    context_fields fields;
    for (auto _ : state) benchmark::DoNotOptimize(extract(fields));
}
BENCHMARK(extract_nothing);

void extract_traceparent(benchmark::State& state) {
    auto fields = typical_fields();
    for (auto _ : state) {
        benchmark::DoNotOptimize(fields);
        benchmark::DoNotOptimize(extract(fields));
    }
}
BENCHMARK(extract_traceparent);

void extract_traceparent_and_tracestate(benchmark::State& state) {
    auto fields = typical_fields();
    fields.tracestate[0] = "outrider=00f067aa0ba902b7,vendor=t61rcWkgMzE,ot=th:8";
    fields.tracestate_lines = 1;
    for (auto _ : state) {
        benchmark::DoNotOptimize(fields);
        benchmark::DoNotOptimize(extract(fields));
    }
}
BENCHMARK(extract_traceparent_and_tracestate);

void extract_b3(benchmark::State& state) {
    context_fields fields;
    fields.b3 = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
    for (auto _ : state) {
        benchmark::DoNotOptimize(fields);
        benchmark::DoNotOptimize(extract(fields));
    }
}
BENCHMARK(extract_b3);

void inject_traceparent(benchmark::State& state) {
    auto found = extract(typical_fields());
    std::string out;
    for (auto _ : state) {
        out.clear();
        inject(out, {}, found.parent, found, {});
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(inject_traceparent);

void inject_with_own_member(benchmark::State& state) {
    auto found = extract(typical_fields());
    std::string out;
    for (auto _ : state) {
        out.clear();
        inject(out, {}, found.parent, found, "00f067aa0ba902b7");
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(inject_with_own_member);

void new_ids(benchmark::State& state) {
    id_generator ids{1};
    for (auto _ : state) {
        benchmark::DoNotOptimize(ids.new_trace_id());
        benchmark::DoNotOptimize(ids.new_span_id());
    }
}
BENCHMARK(new_ids);

void decide_by_ratio(benchmark::State& state) {
    sampler tenth{{sampler_kind::trace_id_ratio, true, 0.1}};
    id_generator ids{1};
    for (auto _ : state) benchmark::DoNotOptimize(tenth.decide(ids.new_trace_id(), {}, {}));
}
BENCHMARK(decide_by_ratio);

// A SERVER span as HTTP makes it: 12 attributes.
void encode_span(benchmark::State& state) {
    auto found = extract(typical_fields());
    std::string out;
    out.reserve(64 * 1024);
    std::size_t bytes = 0;
    for (auto _ : state) {
        if (out.size() > 60 * 1024) out.clear();
        auto before = out.size();
        span_encoder span{out};
        span.begin(found.parent, found.parent.span, true, {}, "GET /orders/{id}", span_kind::server, 1, 2);
        span.attribute("http.request.method", "GET");
        span.attribute("url.path", "/orders/4711");
        span.attribute("url.scheme", "http");
        span.attribute("http.route", "/orders/{id}");
        span.attribute("http.response.status_code", std::int64_t{200});
        span.attribute("network.protocol.name", "http");
        span.attribute("network.protocol.version", "1.1");
        span.attribute("network.peer.address", "10.1.2.3");
        span.attribute("network.peer.port", std::int64_t{43210});
        span.attribute("server.address", "orders");
        span.attribute("server.port", std::int64_t{8080});
        span.attribute("user_agent.original", "curl/7.88.1");
        span.end();
        bytes = out.size() - before;
        benchmark::DoNotOptimize(out.data());
    }
    state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(encode_span);

}  // namespace
