// What it costs to account for an exchange.
#include <benchmark/benchmark.h>

#include "sidecar/exchange/access_log.hpp"
#include "sidecar/exchange/metrics.hpp"
#include "sidecar/exchange/tracer.hpp"

using namespace outrider;
using namespace outrider::exchange;

namespace {

http_facts typical_facts() {
    http_facts facts;
    facts.method = "GET";
    facts.path = "/orders/7f3c";
    facts.query = "expand=items";
    facts.host = "orders.example:8080";
    facts.peer = "192.0.2.7";
    facts.user_agent = "bench/1.0";
    facts.status = 200;
    facts.upstream = "app";
    facts.finished = facts.started + std::chrono::microseconds{700};
    return facts;
}

/// Plays the exporter, so that the buffer never fills.
void take_all(tracing::span_buffer& sink) {
    while (auto chunk = sink.take()) {
        chunk->bytes.clear();
        chunk->spans = 0;
        sink.give_back(std::move(chunk));
    }
}

void count_exchange(benchmark::State& state) {
    auto metrics = std::make_unique<worker_metrics>(3);
    auto facts = typical_facts();
    for (auto _ : state) metrics->finish(facts);
}
BENCHMARK(count_exchange);

void start_and_inject(benchmark::State& state) {
    config::settings settings;
    tracing_setup setup{settings};
    exchange::tracer tracer{setup, nullptr};
    tracing::context_fields fields;
    fields.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    std::string head;
    for (auto _ : state) {
        head.clear();
        tracer.inject(head, tracer.start(fields, config::trust::continue_, {}));
        benchmark::DoNotOptimize(head.data());
    }
}
BENCHMARK(start_and_inject);

void finish_server_span(benchmark::State& state) {
    config::settings settings;
    tracing_setup setup{settings};
    tracing::span_buffer sink;
    exchange::tracer tracer{setup, &sink};
    auto facts = typical_facts();
    auto span = tracer.start({}, config::trust::continue_, {});
    for (auto _ : state) {
        tracer.finish_server(span, facts);
        take_all(sink);
    }
}
BENCHMARK(finish_server_span);

void write_access_log_line(benchmark::State& state) {
    config::settings settings;
    settings.access_log.format = state.range(0) ? config::log_format::json : config::log_format::text;
    tracing::span_buffer sink;
    access_log log{settings, &sink};
    auto facts = typical_facts();
    started_span span;
    for (auto _ : state) {
        log.write(facts, span);
        take_all(sink);
    }
}
BENCHMARK(write_access_log_line)->Arg(0)->Arg(1);

}  // namespace
