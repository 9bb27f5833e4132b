#include "sidecar/collector/span_match.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/collector/spans.hpp"

namespace outrider::collector {
namespace {

using namespace std::chrono_literals;
using tracing::attribute_value;

/// A failed span with everything on it that can be asked for.
tracing::span_data rich() {
    auto one = test::span(1, 1'000);
    one.status = tracing::status_code::error;
    one.status_message = "boom";
    one.tracestate = "outrider=1";
    one.attributes = {{"http.response.status_code", attribute_value{std::int64_t{500}}},
                      {"ratio", attribute_value{0.5}},
                      {"yes", attribute_value{true}},
                      {"text", attribute_value{std::string{"some text"}}},
                      {"list", attribute_value{attribute_value::array{attribute_value{true}}}}};
    one.events = {{5, "decision", {{"rule", attribute_value{std::string{"r1"}}}}, 0}};
    tracing::span_origin origin;
    origin.scope_name = "outrider";
    origin.scope_version = "0.1.0";
    origin.resource.attributes = {{"service.name", attribute_value{std::string{"orders"}}},
                                  {"host.name", attribute_value{std::string{"box"}}}};
    one.origin = std::make_shared<const tracing::span_origin>(origin);
    return one;
}

bool found_by(const std::function<void(trace_query&)>& change) {
    trace_query query;
    query.service = "orders";
    change(query);
    return matches(rich(), query);
}

bool found_by_tag(std::string key, std::string value) {
    return found_by([&](trace_query& query) { query.tags = {{key, value}}; });
}

TEST(SpanMatch, AsksForServiceAndOperationExactly) {
    EXPECT_TRUE(found_by([](auto&) {}));
    EXPECT_FALSE(found_by([](auto& query) { query.service = "order"; }));
    EXPECT_TRUE(found_by([](auto& query) { query.operation = "GET /orders"; }));
    EXPECT_FALSE(found_by([](auto& query) { query.operation = "GET"; }));
}

TEST(SpanMatch, IncludesTheBoundsOfTimeAndDuration) {
    EXPECT_TRUE(found_by([](auto& query) { query.start_ns = query.end_ns = 1'000'000; }));
    EXPECT_FALSE(found_by([](auto& query) { query.start_ns = 1'000'001; }));
    EXPECT_FALSE(found_by([](auto& query) { query.end_ns = 999'999; }));
    EXPECT_TRUE(found_by([](auto& query) { query.min_duration = query.max_duration = 1ms; }));
    EXPECT_FALSE(found_by([](auto& query) { query.min_duration = 1ms + 1ns; }));
    EXPECT_FALSE(found_by([](auto& query) { query.max_duration = 1ms - 1ns; }));
}

TEST(SpanMatch, FindsTagsOnSpanResourceAndEventsByTheirText) {
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"http.response.status_code", "500"},
                                                          {"ratio", "0.5"},
                                                          {"yes", "true"},
                                                          {"text", "some text"},
                                                          {"host.name", "box"},
                                                          {"rule", "r1"},
                                                          {"event", "decision"}}) {
        EXPECT_TRUE(found_by_tag(key, value)) << key;
        EXPECT_FALSE(found_by_tag(key, value + "x")) << key;
    }
    EXPECT_FALSE(found_by_tag("list", ""));
    EXPECT_FALSE(found_by_tag("nothing", ""));
}

TEST(SpanMatch, KnowsTheTagsThatJaegerDerives) {
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"error", "true"},
                                                          {"span.kind", "server"},
                                                          {"otel.status_code", "ERROR"},
                                                          {"otel.status_description", "boom"},
                                                          {"otel.library.name", "outrider"},
                                                          {"otel.scope.version", "0.1.0"},
                                                          {"w3c.tracestate", "outrider=1"}}) {
        EXPECT_TRUE(found_by_tag(key, value)) << key;
        EXPECT_FALSE(found_by_tag(key, value + "x")) << key;
    }
}

TEST(SpanMatch, AsksForAllTagsAtOnce) {
    EXPECT_TRUE(found_by([](auto& query) { query.tags = {{"yes", "true"}, {"error", "true"}}; }));
    EXPECT_FALSE(found_by([](auto& query) { query.tags = {{"yes", "true"}, {"error", "false"}}; }));
}

}  // namespace
}  // namespace outrider::collector
