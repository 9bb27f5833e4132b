// Checking expected flows: what one event costs, from the decoded span to what is told, with one flow and with twenty;
// and what a span costs that means nothing to any of them. Asked: 50,000 events/s per core.

#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "tracing/flows/compile.hpp"
#include "tracing/flows/flow_set.hpp"

namespace {

using namespace outrider;
using flows::event_kind;

constexpr std::int64_t ms = 1'000'000, second = 1'000 * ms;
constexpr std::int64_t zero = 1'700'000'000 * second;

flows::event_match produced(const std::string& topic, const std::string& service) {
    flows::event_match out;
    out.kind = event_kind::produce;
    out.topic = topic;
    out.service = service;
    return out;
}

/// The n-th flow; the first one's events are those that come.
flows::flow orders(int n) {
    const auto suffix = n == 0 ? std::string{} : "-" + std::to_string(n);
    flows::flow_text text;
    text.name = "orders" + suffix;
    text.by = "order";
    text.events["placed"] = produced("order-placed" + suffix, "orders");
    text.events["reserved"] = produced("stock-reserved" + suffix, "inventory");
    text.events["rejected"] = produced("stock-rejected" + suffix, "inventory");
    text.events["charged"] = produced("payment-charged" + suffix, "payment");
    text.events["failed"] = produced("payment-failed" + suffix, "payment");
    text.events["released"] = produced("stock-released" + suffix, "inventory");
    flows::event_match asked;
    asked.kind = event_kind::inbound;
    asked.method = "POST";
    asked.path = "/orders/{id}/charge";
    text.events["asked"] = asked;
    text.expect = "placed -> reserved | rejected end within 5s -> charged | failed within 30s";
    text.compensate["failed"] = "released within 10s";
    return std::get<flows::flow>(flows::compile(text));
}

tracing::attribute text_of(std::string key, std::string value) {
    return {std::move(key), tracing::attribute_value{std::move(value)}};
}

std::shared_ptr<const tracing::span_origin> origin_of(const std::string& service) {
    auto origin = std::make_shared<tracing::span_origin>();
    origin->resource.attributes = {text_of("service.instance.id", service + "-1"), text_of("service.name", service)};
    origin->scope_name = "outrider";
    return origin;
}

/// A send as a sidecar tells of it, with all its attributes.
tracing::span_data sent(const std::string& topic, const std::string& service) {
    tracing::span_data out;
    out.kind = tracing::span_kind::producer;
    out.name = "send " + topic;
    out.origin = origin_of(service);
    out.attributes = {text_of("messaging.system", "kafka"),
                      text_of("messaging.operation.name", "send"),
                      text_of("messaging.operation.type", "send"),
                      text_of("messaging.destination.name", topic),
                      text_of("messaging.destination.partition.id", "3"),
                      text_of("messaging.client.id", "producer-1"),
                      {"messaging.kafka.offset", tracing::attribute_value{std::int64_t{4711}}},
                      text_of("outrider.kafka.cluster", "AbCdEfGhIjKlMnOpQrStUv"),
                      text_of("server.address", "kafka-1"),
                      {"server.port", tracing::attribute_value{std::int64_t{9092}}},
                      text_of("network.peer.address", "10.0.0.1"),
                      {"outrider.inbound_open", tracing::attribute_value{std::int64_t{2}}},
                      text_of("chain.key.order", "")};
    return out;
}

tracing::span_data unrelated() {
    auto out = sent("", "catalogue");
    out.kind = tracing::span_kind::server;
    out.attributes = {text_of("http.request.method", "GET"),
                      {"http.response.status_code", tracing::attribute_value{std::int64_t{200}}},
                      text_of("url.path", "/products/4711"),
                      text_of("url.scheme", "http"),
                      text_of("client.address", "10.0.0.1"),
                      text_of("user_agent.original", "curl/8.0"),
                      text_of("chain.key.order", "1")};
    return out;
}

flows::flow_set make_set(std::int64_t count) {
    flows::flow_set set;
    std::vector<flows::flow> all;
    for (int i = 0; i < count; ++i) all.push_back(orders(i));
    set.load(std::move(all), zero - 3'600 * second);
    return set;
}

/// Orders that begin one after another, 16,000 of them under way at any moment: three events each, one in a hundred of
/// which nothing comes of. A tenth of a second passes for every 5,000 events.
void events(benchmark::State& state) {
    auto set = make_set(state.range(0));
    std::vector<tracing::span_data> spans{sent("order-placed", "orders"), sent("stock-reserved", "inventory"),
                                          sent("payment-charged", "payment")};
    constexpr std::uint64_t apart = 16'000;
    std::uint64_t step = 0, id = 0;
    for (auto _ : state) {
        const auto which = step % 3, order = step / 3;
        const auto late = which * apart / 2;
        ++step;
        if (order < late || (which > 0 && (order - late) % 100 == 0)) continue;
        auto& span = spans[which];
        const auto now = zero + static_cast<std::int64_t>(step) * 20'000;
        const auto number = order - late;
        std::get<std::string>(span.attributes.back().value.data) = std::to_string(number);
        ++id;
        std::memcpy(span.span.bytes.data(), &id, sizeof id);
        std::memcpy(span.trace.bytes.data(), &id, sizeof id);
        span.start_unix_ns = static_cast<std::uint64_t>(now - 200 * ms);
        span.end_unix_ns = static_cast<std::uint64_t>(now - 195 * ms);
        set.observe(span, now);
        if (step % 5'000 == 0) set.advance(now);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(set.counters().events));
    state.counters["runs"] = static_cast<double>(set.runs());
    state.counters["bytes/run"] =
        static_cast<double>(set.bytes()) / static_cast<double>(std::max<std::size_t>(set.runs(), 1));
}
BENCHMARK(events)->Arg(1)->Arg(20)->Arg(200)->MinTime(2);

void spans_that_mean_nothing(benchmark::State& state) {
    auto set = make_set(state.range(0));
    const auto span = unrelated();
    for (auto _ : state) set.observe(span, zero);
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(spans_that_mean_nothing)->Arg(1)->Arg(20)->Arg(200);

}  // namespace
