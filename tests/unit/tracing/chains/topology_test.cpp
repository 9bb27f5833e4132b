#include "tracing/chains/topology.hpp"

#include <gmock/gmock.h>

#include "tests/unit/tracing/chains/topic_spans.hpp"

namespace outrider::tracing {
namespace {

using testing::HasSubstr;
using testing::Not;

const topology_view::edge* find_edge(const topology_view& in, const place& from, const place& to) {
    for (const auto& edge : in.edges)
        if (edge.from == from && edge.to == to) return &edge;
    return nullptr;
}

const topology_view::node* find_node(const topology_view& in, const place& at) {
    for (const auto& node : in.nodes)
        if (node.at == at) return &node;
    return nullptr;
}

const place frontend{place_kind::service, "frontend"}, orders{place_kind::service, "orders"},
    stock{place_kind::service, "stock"}, placed{place_kind::topic, "placed"}, outside{place_kind::outside, ""};

TEST(LatencyHistogram, TellsQuantilesToATenth) {
    latency_histogram times;
    EXPECT_EQ(times.quantile(0.5), 0U);
    for (std::uint64_t i = 1; i <= 1'000; ++i) times.add(i * 1'000'000);
    EXPECT_NEAR(static_cast<double>(times.quantile(0.5)), 500e6, 50e6);
    EXPECT_NEAR(static_cast<double>(times.quantile(0.99)), 990e6, 99e6);
    times.add(UINT64_MAX);
    EXPECT_EQ(times.quantile(1), UINT64_MAX);
    EXPECT_EQ(times.count(), 1'001U);
}

TEST(LatencyHistogram, MergesAsIfCountedTogether) {
    latency_histogram a, b, both;
    for (std::uint64_t i = 1; i < 500; ++i) a.add(i * 700), both.add(i * 700);
    for (std::uint64_t i = 1; i < 500; ++i) b.add(i * 90'000), both.add(i * 90'000);
    a.merge(b);
    for (auto share : {0.01, 0.5, 0.9, 1.0}) EXPECT_EQ(a.quantile(share), both.quantile(share)) << share;
}

TEST(Topology, TellsWhoTalksToWhom) {
    topology all;
    all.add(shop_to_stock());
    const auto seen = all.view(10);
    EXPECT_EQ(seen.chains, 1U);
    const auto* call = find_edge(seen, frontend, orders);
    ASSERT_NE(call, nullptr);
    EXPECT_EQ(call->figures.count, 1U);
    EXPECT_DOUBLE_EQ(call->figures.per_second, 0.1);
    EXPECT_NEAR(static_cast<double>(call->figures.p50_ns), 8e6, 1e6);
    const auto* sent = find_edge(seen, orders, placed);
    ASSERT_NE(sent, nullptr);
    EXPECT_EQ(sent->figures.messages, 5U);
    EXPECT_FALSE(sent->figures.queued);
    const auto* taken = find_edge(seen, placed, stock);
    ASSERT_NE(taken, nullptr);
    EXPECT_TRUE(taken->figures.queued);
    EXPECT_NEAR(static_cast<double>(taken->figures.queue_p50_ns), 12.3e6, 1.3e6);
    ASSERT_NE(find_edge(seen, outside, frontend), nullptr);
    EXPECT_EQ(find_edge(seen, outside, orders), nullptr) << "the frontend called it";
    ASSERT_NE(find_node(seen, frontend), nullptr);
    EXPECT_EQ(find_node(seen, frontend)->figures.count, 1U);
    EXPECT_TRUE(find_node(seen, placed)->figures.queued);
}

TEST(Topology, KnowsAServiceThatDidNotAnswerThisTime) {
    auto lone = make(0x11, 1, 0, "frontend", "POST", span_kind::client, 0, 10);
    lone.attributes.push_back(text("peer.service", "orders"));
    lone.status = status_code::error;
    topology all;
    all.add(std::vector{lone});
    EXPECT_NE(find_node(all.view(1), {place_kind::external, "orders"}), nullptr);
    all.add(shop());
    const auto seen = all.view(1);
    EXPECT_EQ(find_node(seen, {place_kind::external, "orders"}), nullptr);
    EXPECT_EQ(find_edge(seen, frontend, orders)->figures.count, 2U);
    EXPECT_EQ(find_edge(seen, frontend, orders)->figures.errors, 1U);
}

TEST(Topology, MergesAsIfAddedTogether) {
    topology a, b, both;
    a.add(shop());
    b.add(shop_to_stock());
    both.add(shop());
    both.add(shop_to_stock());
    a.merge(b);
    EXPECT_EQ(a.view(7), both.view(7));
}

TEST(Topology, HoldsNoMoreThanItMay) {
    topology all{{10, 20, 10}};
    for (int i = 0; i < 100; ++i)
        all.add(std::vector{make(0x11, 1, 0, "service " + std::to_string(i), "GET", span_kind::server, 0, 1)});
    const auto seen = all.view(1);
    EXPECT_LE(seen.nodes.size(), 10U);
    EXPECT_LE(seen.edges.size(), 20U);
    EXPECT_GT(seen.left_out, 80U);
    for (const auto& node : seen.nodes) EXPECT_LE(node.at.name.size(), 10U);
}

TEST(RollingTopology, ForgetsWhatIsOlderThanTheWindow) {
    constexpr std::uint64_t minute = 60'000'000'000;
    rolling_topology last{minute, 30};
    last.add(shop(), 100 * minute);
    last.add(shop(), 120 * minute);
    EXPECT_EQ(last.view(120 * minute, 15 * minute).chains, 1U);
    EXPECT_EQ(last.view(120 * minute, 60 * minute).chains, 2U);
    EXPECT_EQ(last.view(200 * minute, 15 * minute).chains, 0U);
    const auto recent = last.view(120 * minute, 15 * minute);
    EXPECT_DOUBLE_EQ(recent.seconds, 15 * 60);
    EXPECT_DOUBLE_EQ(find_edge(recent, frontend, orders)->figures.per_second, 1.0 / 900);
}

TEST(RollingTopology, RatesAreAboutTheTimeThatWasSeen) {
    constexpr std::uint64_t second = 1'000'000'000;
    rolling_topology last;
    last.add(shop(), 1'000 * second);
    EXPECT_DOUBLE_EQ(last.view(1'010 * second, 900 * second).seconds, 10);
    EXPECT_DOUBLE_EQ(last.view(1'000 * second, 900 * second).seconds, 1) << "never divides by nothing";
}

TEST(TopologyJson, IsReadBackAsItWas) {
    topology all;
    auto spans = shop_to_stock();
    spans[0].origin = sample_origin("fr\"on\\t:end\n");
    all.add(spans);
    const auto seen = all.view(12.5);
    const auto back = read_topology_json(topology_json(seen));
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(*back, seen);
}

TEST(TopologyJson, RefusesWhatIsNone) {
    for (const auto* bad : {"", "[]", "{}", "{\"nodes\":[],\"edges\":{}}", "{\"nodes\":[{}],\"edges\":[]}",
                            "{\"nodes\":[{\"id\":\"ship:a\"}],\"edges\":[]}", "{\"nodes\":[7],\"edges\":[]}"})
        EXPECT_FALSE(read_topology_json(bad)) << bad;
}

TEST(TopologyText, IsATable) {
    topology all;
    all.add(shop_to_stock());
    EXPECT_EQ("\n" + topology_text(all.view(10), 100, false), R"(
1 chain in 10.0 s

SERVICE                                  rate     errors        p50        p95        p99  queue p95
frontend                               0.10/s          -    9.00 ms    9.00 ms    9.00 ms          -
orders                                 0.10/s          -    7.40 ms    7.40 ms    7.40 ms          -
stock                                  0.10/s          -    3.84 ms    3.84 ms    3.84 ms          -

TOPIC                                    rate     errors        p50        p95        p99  queue p95
(placed)                               0.10/s          -    2.82 ms    2.82 ms    2.82 ms    12.3 ms

FROM → TO                                rate     errors        p50        p95        p99  queue p95
(outside) → frontend                   0.10/s          -    9.00 ms    9.00 ms    9.00 ms          -
frontend → orders                      0.10/s          -    7.68 ms    7.68 ms    7.68 ms          -
orders → (placed)                      0.10/s          -    2.82 ms    2.82 ms    2.82 ms          -
(placed) → stock                       0.10/s          -    3.84 ms    3.84 ms    3.84 ms    12.3 ms
)");
}

TEST(TopologyText, ShowsNothingThatATerminalObeys) {
    auto spans = shop();
    spans[0].origin = sample_origin("\x1b[31mred\u202e");
    topology all;
    all.add(spans);
    const auto drawn = topology_text(all.view(1), 100, false);
    EXPECT_THAT(drawn, Not(HasSubstr("\x1b")));
    EXPECT_THAT(drawn, Not(HasSubstr("\u202e")));
    EXPECT_THAT(topology_text(all.view(1), 100, true), Not(HasSubstr("\u2192")));
}

TEST(Topology, IsTheSameWithoutTheAttributesThatItDoesNotRead) {
    auto spans = shop_to_stock();
    topology all, less;
    all.add(spans);
    std::size_t left = 0;
    for (auto& span : spans) {
        std::erase_if(span.attributes, [](const auto& one) { return !topology_reads(one.key); });
        left += span.attributes.size();
    }
    less.add(spans);
    EXPECT_GT(left, 0U);
    EXPECT_EQ(all.view(1), less.view(1));
}

}  // namespace
}  // namespace outrider::tracing
