// What it costs to look at one request for chains: its head, and a body of JSON.

#include <string>

#include <benchmark/benchmark.h>

#include "tracing/capture/message_capture.hpp"

namespace {

using namespace outrider::tracing;

capture_plan plan_of(std::size_t values, bool keys) {
    capture_settings how;
    how.echo_values = values;
    how.body_bytes = 8'192;
    how.key = {1, 2};
    how.identities = true;
    how.hidden_query = {"sig", "Signature", "AWSAccessKeyId", "X-Goog-Signature", "token"};
    using place = capture_source::place;
    if (keys) how.keys = {{"order", {{place::path, "order"}, {place::json, "/orderId"}, {place::record_key, ""}}}};
    return capture_plan{how};
}

/// An order of 600 bytes.
const std::string order =
    R"({"orderId":"4711","customer":{"id":"c-00815","name":"Ada Lovelace","mail":"ada@example.org"},"placed":)"
    R"("2026-11-27T08:30:00Z","currency":"EUR","total":129.95,"lines":[{"sku":"A-1001","title":"a red shoe",)"
    R"("quantity":2,"price":29.95},{"sku":"B-2002","title":"a blue shoe","quantity":1,"price":39.95},{"sku":)"
    R"("C-3003","title":"a box for shoes","quantity":1,"price":30.10}],"ship":{"street":"12 Analytical Way",)"
    R"("city":"London","zip":"E1 6AN","country":"GB"},"note":"please ring twice, and leave it with the neighbours )"
    R"(when nobody answers","paid":true,"gift":false,"source":"web"})";

void look(benchmark::State& state, const capture_plan& plan, bool body) {
    message_capture of{plan};
    std::string bytes;
    for (auto _ : state) {
        of.clear();
        for (const auto& [name, value] :
             {std::pair{"accept", "*/*"}, {"accept-encoding", "gzip"}, {"x-tenant", "gold"}})
            of.field(name, value);
        of.path(body ? "/orders" : "/orders/4711");
        if (body) of.json(order, true);
        bytes.clear();
        span_encoder out{bytes};
        out.begin({}, {}, true, {}, "GET", span_kind::server, 1, 2);
        of.write(out);
        out.end();
        benchmark::DoNotOptimize(bytes.data());
    }
}

void nothing(benchmark::State& state) {
    std::string bytes;
    for (auto _ : state) {
        bytes.clear();
        span_encoder out{bytes};
        out.begin({}, {}, true, {}, "GET", span_kind::server, 1, 2);
        out.end();
        benchmark::DoNotOptimize(bytes.data());
    }
}
BENCHMARK(nothing);

void small_request(benchmark::State& state) {
    const auto plan = plan_of(16, true);
    look(state, plan, false);
}
BENCHMARK(small_request);

void json_of_600_bytes(benchmark::State& state) {
    const auto plan = plan_of(16, true);
    look(state, plan, true);
}
BENCHMARK(json_of_600_bytes);

void json_for_keys_alone(benchmark::State& state) {
    const auto plan = plan_of(0, true);
    look(state, plan, true);
}
BENCHMARK(json_for_keys_alone);

void hash_of_16_bytes(benchmark::State& state) {
    const hash_key key{1, 2};
    const std::string text = "0123456789abcdef";
    for (auto _ : state) benchmark::DoNotOptimize(siphash(key, text));
}
BENCHMARK(hash_of_16_bytes);

}  // namespace
