#include "sidecar/collector/traffic_history.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/unit/sidecar/collector/spans.hpp"

namespace outrider::collector {
namespace {

using nlohmann::json;
using test::span;

constexpr std::uint64_t second = 1'000'000'000, now = 1'700'000'005 * second;  // in the middle of a slot
constexpr std::uint64_t minute = 60 * second;

tracing::span_data served(std::string_view service, std::uint64_t end_ns, std::uint64_t took_ns,
                          tracing::status_code status = tracing::status_code::unset) {
    auto out = span(1, 1);
    out.origin = test::from_service(std::string{service});
    out.kind = tracing::span_kind::server;
    out.start_unix_ns = end_ns - took_ns;
    out.end_unix_ns = end_ns;
    out.status = status;
    return out;
}

json read(const traffic_history& history, std::uint64_t window, std::uint64_t at = now) {
    return json::parse(history.json(window, at));
}

TEST(TrafficHistory, CountsWhatServicesDidInEachSlot) {
    traffic_history history;
    auto call = served("orders", now, second);
    call.kind = tracing::span_kind::client;
    history.add(std::vector{served("orders", now, 2'000'000), served("orders", now - 10 * second, 4'000'000), call,
                            served("stock", now, 1'000'000, tracing::status_code::error)},
                now);
    const auto all = read(history, minute);
    EXPECT_EQ(all["slotNano"], "10000000000");
    EXPECT_EQ(all["firstUnixNano"], std::to_string(1'699'999'950 * second));
    ASSERT_EQ(all["services"].size(), 2u);
    EXPECT_EQ(all["services"][0]["name"], "orders");
    EXPECT_EQ(all["services"][0]["count"], json({0, 0, 0, 0, 1, 1}));
    EXPECT_EQ(all["services"][1]["errors"], json({0, 0, 0, 0, 0, 1}));
    EXPECT_NEAR(all["services"][0]["p95Nano"][5].get<double>(), 2e6, 4e5);
    EXPECT_EQ(all["chains"], json({0, 0, 0, 0, 0, 1}));
    EXPECT_EQ(all["faults"], json({0, 0, 0, 0, 0, 1}));
}

TEST(TrafficHistory, GoesByItsOwnClockWhereASpanHasNone) {
    traffic_history history;
    history.add(std::vector{served("a", now + minute, second), served("a", now - 10 * minute, second)}, now);
    EXPECT_EQ(read(history, 10 * second)["services"][0]["count"], json({2}));
}

TEST(TrafficHistory, ForgetsAfterAnHourAndWhenTheClockIsSetBack) {
    traffic_history history;
    history.add(std::vector{served("a", now, second)}, now);
    EXPECT_EQ(read(history, 60 * minute, now + 59 * minute)["services"].size(), 1u);
    EXPECT_EQ(read(history, 600 * minute)["chains"].size(), traffic_history::slots);
    history.add(std::vector{served("a", now, second)}, now - 5 * minute);
    EXPECT_EQ(read(history, minute)["services"].size(), 0u);
    EXPECT_EQ(read(history, 0)["chains"].size(), 1u);
}

TEST(TrafficHistory, SumsUpServicesBeyondItsBound) {
    traffic_history history;
    for (int i = 0; i < 500; ++i) history.add(std::vector{served("s" + std::to_string(i), now, second)}, now);
    const auto services = read(history, 10 * second)["services"];
    ASSERT_EQ(services.size(), traffic_history::most_services);
    EXPECT_EQ(services[0]["name"], "other");
    EXPECT_EQ(services[0]["count"], json({301}));
}

}  // namespace
}  // namespace outrider::collector
