// Chains over topics: a send, the time in the queue, what took the records.
#include <gmock/gmock.h>

#include "tests/unit/tracing/chains/topic_spans.hpp"

namespace outrider::tracing {
namespace {

using testing::ElementsAre;

TEST(ChainQueue, DrawsATopicAsASegmentBetweenSendAndProcess) {
    EXPECT_EQ(drawn(shop_to_stock()), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b   3 services, 6 spans, 21.3 ms
frontend  POST                          9.00 ms      +0 µs  │█▒▒▒▒▒▒▒▒▒              │
└─ frontend → orders  POST              8.00 ms    +500 µs  │█▒▒▒▒▒▒▒▒               │
   └─ orders  POST                      7.40 ms    +800 µs  │██▒▒▒▒▒▒                │
      └─ orders → stock  send placed    3.00 ms   +2.00 ms  │  ███                   │
         └─ (queue placed)              12.3 ms   +5.00 ms  │     ░░░░░░░░░░░░░░     │
            └─ stock  process placed    4.00 ms   +17.3 ms  │                   █▒▒██│
               └─ stock  POST           2.00 ms   +18.0 ms  │                    ██  │
critical path  queues 12.3 ms, orders 4.20 ms, stock 4.00 ms, frontend 800 µs
queues         placed 12.3 ms
complete: 6 spans, 3 services, 21.3 ms, 12.3 ms of it in queues
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

TEST(ChainQueue, ShowsAHostileTopicEscaped) {
    auto spans = shop_to_stock();
    for (auto at : {3, 4})
        spans[static_cast<std::size_t>(at)].attributes[1] = text("messaging.destination.name", "a\x1b[2J");
    EXPECT_NE(drawn(spans).find("(queue a\\x1b[2J)"), std::string::npos) << drawn(spans);
}

}  // namespace
}  // namespace outrider::tracing
