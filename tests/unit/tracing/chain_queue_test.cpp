// Chains over topics: a send, the time in the queue, what took the records; within a trace and over linked ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/tracing/sample_spans.hpp"
#include "tracing/chain.hpp"

namespace outrider::tracing {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t us = 1'000, epoch = 1'700'000'000'000'000 * us;
constexpr std::uint8_t ambient = 0x4b, derived = 0xd0, polled = 0x90;

span_data make(std::uint8_t trace, std::uint8_t id, std::uint8_t parent, std::string service, std::string name,
               span_kind kind, std::uint64_t at_us, std::uint64_t took_us) {
    span_data span;
    span.trace = sample_trace(trace);
    span.span = sample_span_id(id);
    if (parent != 0) span.parent = sample_span_id(parent);
    span.name = std::move(name);
    span.kind = kind;
    span.start_unix_ns = epoch + at_us * us;
    span.end_unix_ns = span.start_unix_ns + took_us * us;
    span.origin = sample_origin(std::move(service));
    return span;
}

span_data about(span_data span, const std::string& operation, const std::string& partition, std::int64_t offset,
                std::int64_t count = 1) {
    const auto topic = span.name.substr(span.name.find(' ') + 1);
    span.attributes = {text("messaging.operation.type", operation), text("messaging.destination.name", topic)};
    if (partition.empty()) return span;
    span.attributes.push_back(text("messaging.destination.partition.id", partition));
    span.attributes.push_back({"messaging.kafka.offset", attribute_value{offset}});
    if (count > 1) span.attributes.push_back({"messaging.batch.message_count", attribute_value{count}});
    return span;
}

void link(span_data& from, const span_data& to) { from.links.push_back({to.trace, to.span, {}, {}, 0, 0}); }

/// frontend -> orders, which sends to the topic `placed`.
std::vector<span_data> shop() {
    return {
        make(ambient, 1, 0, "frontend", "POST", span_kind::server, 0, 9'000),
        make(ambient, 2, 1, "frontend", "POST", span_kind::client, 500, 8'000),
        make(ambient, 3, 2, "orders", "POST", span_kind::server, 800, 7'400),
        about(make(ambient, 4, 3, "orders", "send placed", span_kind::producer, 2'000, 3'000), "send", "0", 40, 5),
    };
}

/// The sidecar of stock takes offset 42, which carries the context of orders' server span; stock asks shipping.
std::vector<span_data> shop_to_stock() {
    auto spans = shop();
    auto process = make(ambient, 5, 3, "stock", "process placed", span_kind::consumer, 17'300, 4'000);
    link(process, spans[2]);
    spans.push_back(about(process, "process", "0", 42, 2));
    spans.push_back(make(ambient, 6, 3, "stock", "POST", span_kind::client, 18'000, 2'000));
    return spans;
}

/// The same where the batch was compressed: the records' context is derived, and an anchor ties the two traces.
std::vector<span_data> derived_shop() {
    auto spans = shop();
    auto anchor =
        about(make(derived, 9, 0, "orders", "send placed", span_kind::producer, 2'000, 3'000), "send", "0", 40);
    anchor.attributes.push_back({"outrider.anchor", attribute_value{true}});
    auto process = make(derived, 5, 9, "stock", "process placed", span_kind::consumer, 17'300, 4'000);
    link(process, anchor);
    link(anchor, spans[3]);
    link(spans[3], anchor);
    spans.push_back(anchor);
    spans.push_back(about(process, "process", "0", 40));
    spans.push_back(make(derived, 6, 5, "stock", "POST", span_kind::client, 18'000, 2'000));
    return spans;
}

std::string drawn(const std::vector<span_data>& spans, chain_style style = {}) {
    return "\n" + chain_text(build_chains(spans), style);
}

/// "depth name", a queue in brackets.
std::vector<std::string> outline(const chain& one) {
    std::vector<std::string> lines;
    for (const auto& row : one.rows) {
        const auto what = row.span != nullptr ? row.span->name : row.topic.empty() ? "?" : "(" + row.topic + ")";
        lines.push_back(std::to_string(row.depth) + " " + what);
    }
    return lines;
}

TEST(ChainQueue, DrawsATopicAsASegmentBetweenSendAndProcess) {
    EXPECT_EQ(drawn(shop_to_stock()), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b   3 services, 6 spans, 21.3 ms
frontend  POST                          9.00 ms      +0 µs  │██████████              │
└─ frontend → orders  POST              8.00 ms    +500 µs  │█████████               │
   └─ orders  POST                      7.40 ms    +800 µs  │████████                │
      └─ orders → stock  send placed    3.00 ms   +2.00 ms  │  ███                   │
         └─ (queue placed)              12.3 ms   +5.00 ms  │     ░░░░░░░░░░░░░░     │
            └─ stock  process placed    4.00 ms   +17.3 ms  │                   █████│
               └─ stock  POST           2.00 ms   +18.0 ms  │                    ██  │
)");
}

TEST(ChainQueue, DrawsInAscii) {
    EXPECT_NE(drawn(shop_to_stock(), {100, true})
                  .find("`- (queue placed)               12.3 ms   +5.00 ms  |     "
                        "--------------     |"),
              std::string::npos)
        << drawn(shop_to_stock(), {100, true});
}

TEST(ChainQueue, SaysHowTheProcessWasPlaced) {
    auto spans = shop_to_stock();
    auto rows = build_chains(spans).at(0).rows;
    EXPECT_EQ(rows[4].join, chain_join::queue);
    EXPECT_EQ(rows[5].join, chain_join::offset);
    spans[4].parent = spans[3].span;  // an injected context: the send itself
    rows = build_chains(spans).at(0).rows;
    EXPECT_EQ(rows[4].join, chain_join::queue);
    EXPECT_EQ(rows[5].join, chain_join::parent);
}

TEST(ChainQueue, PairsByTopicPartitionAndOffset) {
    const auto depth_of_process = [](std::int64_t offset, const std::string& partition, const std::string& topic) {
        auto spans = shop();
        spans.push_back(about(make(ambient, 5, 3, "stock", "process " + topic, span_kind::consumer, 17'300, 9),
                              "process", partition, offset));
        return build_chains(spans).at(0).rows.back().depth;
    };
    EXPECT_EQ(depth_of_process(40, "0", "placed"), 5U);
    EXPECT_EQ(depth_of_process(44, "0", "placed"), 5U);
    EXPECT_EQ(depth_of_process(45, "0", "placed"), 3U) << "behind the batch: beside the send, under their parent";
    EXPECT_EQ(depth_of_process(39, "0", "placed"), 3U);
    EXPECT_EQ(depth_of_process(42, "1", "placed"), 3U);
    EXPECT_EQ(depth_of_process(42, "0", "paid"), 3U);
    EXPECT_EQ(depth_of_process(-1, "0", "placed"), 3U);
}

TEST(ChainQueue, ShowsEachConsumerGroupItsOwnTimeInTheQueue) {
    auto spans = shop_to_stock();
    spans.push_back(
        about(make(ambient, 7, 3, "mailer", "process placed", span_kind::consumer, 6'000, 100), "process", "0", 40, 5));
    auto chain = build_chains(spans).at(0);
    EXPECT_THAT(outline(chain), ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 (placed)",
                                            "5 process placed", "4 (placed)", "5 process placed", "6 POST"));
    EXPECT_EQ(chain.rows[4].end_unix_ns - chain.rows[4].start_unix_ns, 1'000 * us);
    EXPECT_FALSE(chain.rows[4].last);
    EXPECT_EQ(chain.rows[6].end_unix_ns - chain.rows[6].start_unix_ns, 12'300 * us);
    EXPECT_TRUE(chain.rows[6].last);
}

TEST(ChainQueue, ShowsNoTimeWhereTheClocksDiffer) {
    auto spans = shop_to_stock();
    spans[4].start_unix_ns = spans[3].start_unix_ns + 1;  // taken before the send was acknowledged
    auto rows = build_chains(spans).at(0).rows;
    EXPECT_EQ(rows[4].start_unix_ns, rows[4].end_unix_ns);
    EXPECT_FALSE(rows[5].skewed);
    spans[4].start_unix_ns = spans[3].start_unix_ns - 1;
    rows = build_chains(spans).at(0).rows;
    EXPECT_EQ(rows[4].start_unix_ns, rows[4].end_unix_ns);
    EXPECT_TRUE(rows[5].skewed);
    EXPECT_NE(drawn(spans).find("(queue placed)                 0 µs"), std::string::npos) << drawn(spans);
}

TEST(ChainQueue, PutsWhatAServiceDidWithARecordsContextUnderItsProcess) {
    auto spans = shop_to_stock();
    EXPECT_EQ(build_chains(spans).at(0).rows[6].join, chain_join::record);
    EXPECT_EQ(build_chains(spans).at(0).rows[6].depth, 6U);
    auto& call = spans[5];
    call.start_unix_ns = spans[4].start_unix_ns - 1;
    EXPECT_EQ(build_chains(spans).at(0).rows[6].depth, 3U) << "began before there was a record";
    call = make(ambient, 6, 3, "orders", "POST", span_kind::client, 18'000, 2'000);
    EXPECT_EQ(build_chains(spans).at(0).rows[6].depth, 3U) << "the service of the span itself";
    call = make(ambient, 6, 3, "stock", "POST", span_kind::server, 18'000, 2'000);
    EXPECT_EQ(build_chains(spans).at(0).rows[6].depth, 3U) << "it came over HTTP";
    call = make(ambient, 6, 2, "stock", "POST", span_kind::client, 18'000, 2'000);
    EXPECT_EQ(build_chains(spans).at(0).rows[6].depth, 2U) << "another context";
}

TEST(ChainQueue, PutsItUnderTheLastProcessThatHadBegun) {
    auto spans = shop_to_stock();
    auto again = spans[4];  // delivered again, after the first call
    again.span = sample_span_id(7);
    again.start_unix_ns += 10'000 * us;
    again.end_unix_ns += 10'000 * us;
    auto call = spans[5];
    call.span = sample_span_id(8);
    call.start_unix_ns += 10'000 * us;
    call.end_unix_ns += 10'000 * us;
    spans.insert(spans.end(), {again, call});
    EXPECT_THAT(outline(build_chains(spans).at(0)),
                ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 (placed)", "5 process placed", "6 POST",
                            "4 (placed)", "5 process placed", "6 POST"));
}

TEST(ChainQueue, FollowsAContextThatTheApplicationSentThroughADerivedTopic) {
    auto spans = derived_shop();
    spans.push_back(make(ambient, 7, 3, "stock", "GET", span_kind::client, 19'000, 100));
    EXPECT_THAT(outline(build_chains(spans).at(0)), ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed",
                                                                "4 (placed)", "5 process placed", "6 POST", "6 GET"));
}

TEST(ChainQueue, GoesOnOverSeveralTopics) {
    auto spans = shop_to_stock();
    spans.push_back(
        about(make(ambient, 10, 3, "stock", "send packed", span_kind::producer, 19'000, 500), "send", "3", 7));
    spans.push_back(
        about(make(ambient, 11, 3, "shipping", "process packed", span_kind::consumer, 20'000, 500), "process", "3", 7));
    EXPECT_THAT(outline(build_chains(spans).at(0)),
                ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 (placed)", "5 process placed", "6 POST",
                            "6 send packed", "7 (packed)", "8 process packed"));
}

TEST(ChainQueue, PrefersTheSendOfTheSameParentWhereTwoClustersHaveTheTopic) {
    auto spans = shop_to_stock();
    auto other = spans[3];
    other.span = sample_span_id(8);
    other.parent = sample_span_id(2);
    other.start_unix_ns += us;
    spans.push_back(other);
    EXPECT_THAT(outline(build_chains(spans).at(0)),
                ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 (placed)", "5 process placed", "6 POST",
                            "2 send placed"));
}

TEST(ChainQueue, DrawsADerivedTopicsTwoTracesAsOneTree) {
    EXPECT_EQ(drawn(derived_shop()), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b and 1 linked   3 services, 6 spans, 21.3 ms
frontend  POST                          9.00 ms      +0 µs  │██████████              │
└─ frontend → orders  POST              8.00 ms    +500 µs  │█████████               │
   └─ orders  POST                      7.40 ms    +800 µs  │████████                │
      └─ orders → stock  send placed    3.00 ms   +2.00 ms  │  ███                   │
         └─ (queue placed)              12.3 ms   +5.00 ms  │     ░░░░░░░░░░░░░░     │
            └─ stock  process placed    4.00 ms   +17.3 ms  │                   █████│
               └─ stock  POST           2.00 ms   +18.0 ms  │                    ██  │
)");
}

TEST(ChainQueue, CountsTheAnchorItLeavesOut) {
    const auto spans = derived_shop();
    const auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 1U);
    EXPECT_EQ(chains[0].anchors, 1U);
    EXPECT_EQ(chains[0].trace, sample_trace(ambient));
    EXPECT_THAT(chains[0].linked, ElementsAre(sample_trace(derived)));
}

TEST(ChainQueue, NeedsNoAnchorToFollowALink) {
    auto spans = derived_shop();
    spans.erase(spans.begin() + 4);
    const auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 1U);
    EXPECT_EQ(chains[0].gaps, 0U);
    EXPECT_THAT(outline(chains[0]),
                ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 (placed)", "5 process placed", "6 POST"));
}

TEST(ChainQueue, ShowsTheAnchorWhereItsSendIsNotHere) {
    auto all = derived_shop();
    const std::vector<span_data> spans(all.begin() + 4, all.end());
    const auto chains = build_chains(spans);
    EXPECT_THAT(outline(chains.at(0)), ElementsAre("0 send placed", "1 (placed)", "2 process placed", "3 POST"));
    EXPECT_EQ(chains[0].anchors, 0U);
}

TEST(ChainQueue, DoesNotDependOnTheOrderOfTheSpans) {
    auto spans = derived_shop();
    const auto want = drawn(spans);
    for (std::size_t i = 0; i < spans.size(); ++i) {
        std::rotate(spans.begin(), spans.begin() + 1, spans.end());
        EXPECT_EQ(drawn(spans), want);
    }
    std::reverse(spans.begin(), spans.end());
    EXPECT_EQ(drawn(spans), want);
}

/// A fetch that began long before the send and took records of two producers.
span_data poll_of(const std::vector<const span_data*>& producers) {
    auto poll = make(polled, 1, 0, "stock", "poll placed", span_kind::client, 0, 517'300);
    poll.start_unix_ns = epoch - 500'000 * us;
    poll.end_unix_ns = epoch + 17'300 * us;
    for (const auto* one : producers) link(poll, *one);
    return about(poll, "receive", "", 0);
}

TEST(ChainQueue, PutsAPollUnderTheSendItTookFromAndCountsNoneOfItsWait) {
    auto spans = shop_to_stock();
    spans.push_back(poll_of({&spans[2]}));
    const auto chain = build_chains(spans).at(0);
    EXPECT_THAT(outline(chain), ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 poll placed",
                                            "4 (placed)", "5 process placed", "6 POST"));
    EXPECT_EQ(chain.rows[4].join, chain_join::link);
    EXPECT_FALSE(chain.rows[4].skewed);
    EXPECT_EQ(chain.end_unix_ns - chain.start_unix_ns, 21'300 * us);
    EXPECT_NE(drawn(spans).find("517 ms    -500 ms  │████████"), std::string::npos) << drawn(spans);
}

TEST(ChainQueue, DoesNotTieTogetherTheTracesThatAPollTookFrom) {
    auto spans = shop();
    const auto other = make(0x77, 1, 0, "frontend", "POST", span_kind::server, 100, 9'000);
    spans.push_back(other);
    spans.push_back(poll_of({&other, &spans[2]}));
    const auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 2U);
    EXPECT_EQ(chains[0].spans, 4U);
    EXPECT_THAT(outline(chains[1]), ElementsAre("0 POST", "1 poll placed"));
}

TEST(ChainQueue, DrawsAPollThatIsAlone) {
    const std::vector<span_data> spans{poll_of({})};
    const auto chain = build_chains(spans).at(0);
    EXPECT_EQ(chain.end_unix_ns - chain.start_unix_ns, 517'300 * us);
    EXPECT_NE(drawn(spans).find("+0 µs"), std::string::npos);
}

TEST(ChainQueue, StaysFiniteWhenLinksGoInACircleOverTraces) {
    std::vector<span_data> spans{
        make(1, 1, 0, "a", "one", span_kind::server, 0, 10),    make(1, 2, 1, "a", "two", span_kind::client, 1, 5),
        make(2, 1, 0, "b", "three", span_kind::server, 2, 10),  make(2, 2, 1, "b", "four", span_kind::client, 3, 5),
        make(3, 1, 0, "c", "itself", span_kind::server, 2, 10), make(4, 1, 0, "d", "alone", span_kind::server, 2, 10),
    };
    link(spans[0], spans[3]);
    link(spans[2], spans[1]);
    link(spans[4], spans[4]);
    const auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 3U);
    EXPECT_THAT(outline(chains[0]), ElementsAre("0 one", "1 two", "2 three", "3 four"));
    EXPECT_EQ(chains[0].rows[0].join, chain_join::cycle);
}

TEST(ChainQueue, StaysFiniteWhenSendsAndAnchorsTieThemselvesIntoKnots) {
    for (int shape = 0; shape < 128; ++shape) {
        auto spans = derived_shop();
        auto& send = spans[3];
        auto& anchor = spans[4];
        auto& process = spans[5];
        if ((shape & 1) != 0) send.parent = process.span;
        if ((shape & 2) != 0) send.trace = sample_trace(derived);
        if ((shape & 4) != 0) link(anchor, anchor);
        if ((shape & 8) != 0) anchor.parent = process.span;
        if ((shape & 16) != 0) link(send, send);
        if ((shape & 32) != 0) process.parent = process.span;
        if ((shape & 64) != 0) send.origin = process.origin;
        std::size_t shown = 0;
        for (const auto& chain : build_chains(spans)) {
            shown += chain.anchors;
            for (const auto& row : chain.rows) shown += row.span != nullptr;
        }
        EXPECT_EQ(shown, spans.size()) << "shape " << shape;
        EXPECT_FALSE(drawn(spans).empty());
    }
}

TEST(ChainQueue, SaysTheSameInJson) {
    const auto spans = derived_shop();
    const auto document = nlohmann::json::parse(chain_json(build_chains(spans)));
    const auto& chain = document.at("chains").at(0);
    EXPECT_EQ(chain.at("linkedTraces").size(), 1U);
    EXPECT_EQ(chain.at("linkedTraces").at(0), sample_trace(derived).hex());
    EXPECT_EQ(chain.at("anchors"), 1);
    const auto& queue = chain.at("rows").at(4);
    EXPECT_EQ(queue, nlohmann::json::parse(R"({"depth":4,"join":"queue","topic":"placed","offsetNano":"5000000",
                                               "durationNano":"12300000"})"));
    const auto& process = chain.at("rows").at(5);
    EXPECT_EQ(process.at("join"), "parent");
    EXPECT_EQ(process.at("traceId"), sample_trace(derived).hex());
    EXPECT_FALSE(chain.at("rows").at(0).contains("traceId"));
    auto with_poll = shop();
    with_poll.push_back(poll_of({&with_poll[3]}));
    const auto early = nlohmann::json::parse(chain_json(build_chains(with_poll)));
    EXPECT_EQ(early.at("chains").at(0).at("rows").back().at("offsetNano"), "-500000000");
}

TEST(ChainQueue, ShowsAHostileTopicEscaped) {
    auto spans = shop_to_stock();
    for (auto at : {3, 4})
        spans[static_cast<std::size_t>(at)].attributes[1] = text("messaging.destination.name", "a\x1b[2J");
    EXPECT_NE(drawn(spans).find("(queue a\\x1b[2J)"), std::string::npos) << drawn(spans);
}

}  // namespace
}  // namespace outrider::tracing
