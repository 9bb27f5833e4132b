// Input by strangers: no crash, bounded memory, bounded time.
#include <gtest/gtest.h>

#include "tests/unit/tracing/stitch/stitch_spans.hpp"
#include "tracing/stitch/chain_groups.hpp"
#include "tracing/stitch/rewrite.hpp"

namespace outrider::tracing {
namespace {

namespace names = chain_attributes;
using enum span_kind;

TEST(StitcherHostile, SurvivesImpossibleTimes) {
    std::vector<span_data> spans;
    constexpr std::uint64_t moments[] = {
        0, 1, day, day + 1, INT64_MAX, std::uint64_t{INT64_MAX} + 1, UINT64_MAX - 1, UINT64_MAX};
    std::uint64_t id = 0;
    for (auto start : moments) {
        for (auto end : moments) {
            for (auto kind : {server, client, consumer, producer}) {
                ++id;
                auto span = echoing(span_of("a", kind, id, id, 0, 0, 1), {1, 2});
                span.start_unix_ns = start;
                span.end_unix_ns = end;
                spans.push_back(with(span, names::inbound_open, std::int64_t{id % 3 == 0 ? -7 : INT64_MAX}));
            }
        }
    }
    EXPECT_EQ(decided(spans).size(), spans.size());
    std::size_t kept = 0;
    for (const auto& chain : stitch_all(spans)) kept += chain.size();
    EXPECT_EQ(kept, spans.size());
}

TEST(StitcherHostile, SurvivesCirclesSelvesAndLinksToNowhere) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 30; ++i) {
        spans.push_back(span_of("a", internal, 1, i, i % 30 + 1, 0, 1));
        spans.push_back(span_of("a", server, 2, i, i, 0, 1));
        auto lost = span_of("a", server, 100 + i, 1, 0, 0, 1);
        for (std::uint64_t j = 0; j < 128; ++j) lost.links.push_back({trace_of(j), id_of(j), {}, {}, 0, 0});
        spans.push_back(lost);
        auto linked = span_of("a", client, 200 + i, 1, 0, 0, 1);  // in a circle of links
        linked.links.push_back({trace_of(200 + i % 30 + 1), id_of(1), {}, {}, 0, 0});
        spans.push_back(linked);
    }
    std::size_t kept = 0;
    for (const auto& chain : stitch_all(spans)) {
        kept += chain.size();
        for (const auto& each : chain) EXPECT_EQ(each.trace, chain.front().trace);
    }
    EXPECT_EQ(kept, spans.size());
}

TEST(StitcherHostile, SurvivesVeryManySpansInOneTrace) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 30'000; ++i)
        spans.push_back(span_of("a", i % 2 == 0 ? client : server, 1, i, i % 3 == 0 ? 1'000'000 : i - 1, 0, 1));
    stitcher stitching;
    for (const auto& each : spans) stitching.add(each, 0);
    stitching.finish();
    EXPECT_EQ(stitching.counters().held, spans.size());
    const auto chain = rewrite_chain(std::move(spans), {}, trace_of(1));
    EXPECT_EQ(text_attribute(chain[0].attributes, names::fault), "too many spans");
}

TEST(StitcherHostile, BoundsWhatEqualKeysCost) {
    stitcher stitching;
    for (std::uint64_t i = 1; i <= 5'000; ++i) {
        auto span = about(span_of("a", i % 2 == 0 ? producer : consumer, i, 7, 0, 0, 1),
                          i % 2 == 0 ? "send" : "process", "t", 5, i % 5 == 0 ? INT64_MAX : 1);
        span = with(with(with(span, names::message_id, "m"), names::causation_id, "m"), names::correlation_id, "g");
        span.tracestate = "outrider=" + id_of(7).hex();
        stitching.add(echoing(span, {1, 1, 1}), 0);
    }
    EXPECT_GE(stitching.finish().size(), 5'000u);
}

TEST(StitcherHostile, KeepsItsBoundsWithMoreServicesAndOperationsThanCanBe) {
    stitch_options options;
    options.memory_bytes = 4 << 20;
    stitcher stitching{options};
    std::uint64_t most = 0;
    for (std::uint64_t i = 1; i <= 15'000; ++i) {
        auto span = span_of(i % 2 == 0 ? "one" : "s" + std::to_string(i), i % 3 == 0 ? client : server, i, 1, 0,
                            static_cast<double>(i), 1);
        span.name = "operation " + std::to_string(i);
        span = with(with(span, "http.request.method", "GET"), "url.path",
                    "/a" + std::string(i % 20, 'x') + span.span.hex());
        stitching.add(span, static_cast<std::int64_t>(i) * ms);
        stitching.advance(static_cast<std::int64_t>(i) * ms);
        most = std::max(most, stitching.counters().bytes);
    }
    EXPECT_LE(most, options.memory_bytes + (512U << 10));
}

TEST(StitcherHostile, TakesAttributesOfWrongTypesForNone) {
    auto span = span_of("a", client, 1, 1, 0, 0, 1);
    for (auto key : {names::inbound_open, names::echo, names::message_id, names::causation_id, names::correlation_id,
                     names::kafka_cluster, std::string_view{"messaging.kafka.offset"}, std::string_view{"url.full"}}) {
        span = with(with(with(span, key, 1.5), key, true), key, attribute_value::array{});
    }
    EXPECT_EQ(decided({echoing(span, {})}).size(), 1u);
}

TEST(StitcherHostile, NamesWhatIsWrongInChains) {
    std::vector<span_data> spans{span_of("a", server, 1, 1, 2, 0, 9), span_of("a", client, 1, 2, 1, 0, 9),
                                 span_of("b", server, 1, 3, 2, 1, 1), span_of("b", server, 1, 3, 2, 2, 1)};
    spans.push_back(span_of("c", internal, 1, 4, 3, 3, 1));
    spans.back().end_unix_ns = spans.back().start_unix_ns - 1;
    std::string faults;
    for (const auto& chain : stitch_all(spans)) {
        for (const auto& each : chain) faults += std::string{text_attribute(each.attributes, names::fault)} + ";";
    }
    for (auto fault : {"cycle of parents", "duplicate id", "impossible times"})
        EXPECT_NE(faults.find(fault), std::string::npos) << fault;
}

}  // namespace
}  // namespace outrider::tracing
