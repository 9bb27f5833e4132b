// Chains over linked traces: derived topics with their anchors, and polls.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/unit/tracing/chains/topic_spans.hpp"

namespace outrider::tracing {
namespace {

using testing::ElementsAre;

TEST(ChainLinked, DrawsADerivedTopicsTwoTracesAsOneTree) {
    EXPECT_EQ(drawn(derived_shop()), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b and 1 linked   3 services, 6 spans, 21.3 ms
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

TEST(ChainLinked, CountsTheAnchorItLeavesOut) {
    const auto spans = derived_shop();
    const auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 1U);
    EXPECT_EQ(chains[0].anchors, 1U);
    EXPECT_EQ(chains[0].trace, sample_trace(ambient));
    EXPECT_THAT(chains[0].linked, ElementsAre(sample_trace(derived)));
}

TEST(ChainLinked, NeedsNoAnchorToFollowALink) {
    auto spans = derived_shop();
    spans.erase(spans.begin() + 4);
    const auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 1U);
    EXPECT_EQ(chains[0].gaps, 0U);
    EXPECT_THAT(outline(chains[0]),
                ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 (placed)", "5 process placed", "6 POST"));
}

TEST(ChainLinked, ShowsTheAnchorWhereItsSendIsNotHere) {
    auto all = derived_shop();
    const std::vector<span_data> spans(all.begin() + 4, all.end());
    const auto chains = build_chains(spans);
    EXPECT_THAT(outline(chains.at(0)), ElementsAre("0 send placed", "1 (placed)", "2 process placed", "3 POST"));
    EXPECT_EQ(chains[0].anchors, 0U);
}

TEST(ChainLinked, DoesNotDependOnTheOrderOfTheSpans) {
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

TEST(ChainLinked, PutsAPollUnderTheSendItTookFromAndCountsNoneOfItsWait) {
    auto spans = shop_to_stock();
    spans.push_back(poll_of({&spans[2]}));
    const auto chain = build_chains(spans).at(0);
    EXPECT_THAT(outline(chain), ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed", "4 (placed)",
                                            "5 process placed", "6 POST", "4 poll placed"));
    EXPECT_EQ(chain.rows[7].join, chain_join::link);
    EXPECT_FALSE(chain.rows[7].skewed);
    EXPECT_EQ(chain.end_unix_ns - chain.start_unix_ns, 21'300 * us);
    EXPECT_NE(drawn(spans).find("517 ms    -500 ms  │▒▒▒▒▒▒▒▒"), std::string::npos) << drawn(spans);
}

TEST(ChainLinked, EndsTheQueueAtThePollWhereNoProcessIsKnown) {
    auto spans = derived_shop();
    spans.erase(spans.begin() + 5, spans.end());  // the records were not looked into
    auto poll = about(make(polled, 1, 0, "stock", "poll placed", span_kind::client, 17'300, 4'000), "receive", "0", 38);
    link(poll, spans[4]);
    spans.push_back(poll);
    spans.push_back(make(ambient, 7, 3, "stock", "GET", span_kind::client, 19'000, 100));
    EXPECT_EQ(drawn(spans), R"(
trace 4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b and 2 linked   3 services, 6 spans, 21.3 ms
frontend  POST                                  9.00 ms      +0 µs  │█▒▒▒▒▒▒▒▒▒              │
└─ frontend → orders  POST                      8.00 ms    +500 µs  │█▒▒▒▒▒▒▒▒               │
   └─ orders  POST                              7.40 ms    +800 µs  │██▒▒▒▒▒▒                │
      └─ orders → stock  send placed            3.00 ms   +2.00 ms  │  ███                   │
         └─ (queue placed)                      12.3 ms   +5.00 ms  │     ░░░░░░░░░░░░░░     │
            └─ stock  poll placed  (by link)    4.00 ms   +17.3 ms  │                   █████│
               └─ stock  GET                     100 µs   +19.0 ms  │                     █  │
critical path  queues 12.3 ms, orders 4.20 ms, stock 4.00 ms, frontend 800 µs
queues         placed 12.3 ms
complete: 6 spans, 3 services, 21.3 ms, 12.3 ms of it in queues
)");
}

TEST(ChainLinked, DoesNotTieTogetherTheTracesThatAPollTookFrom) {
    auto spans = shop();
    const auto other = make(0x77, 1, 0, "frontend", "POST", span_kind::server, 100, 9'000);
    spans.push_back(other);
    spans.push_back(poll_of({&other, &spans[2]}));
    const auto chains = build_chains(spans);
    ASSERT_EQ(chains.size(), 2U);
    EXPECT_EQ(chains[0].spans, 4U);
    EXPECT_THAT(outline(chains[1]), ElementsAre("0 POST", "1 poll placed"));
}

TEST(ChainLinked, DrawsAPollThatIsAlone) {
    const std::vector<span_data> spans{poll_of({})};
    const auto chain = build_chains(spans).at(0);
    EXPECT_EQ(chain.end_unix_ns - chain.start_unix_ns, 517'300 * us);
    EXPECT_NE(drawn(spans).find("+0 µs"), std::string::npos);
}

TEST(ChainLinked, StaysFiniteWhenLinksGoInACircleOverTraces) {
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

TEST(ChainLinked, StaysFiniteWhenSendsAndAnchorsTieThemselvesIntoKnots) {
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

TEST(ChainLinked, FollowsAContextThatTheApplicationSentThroughADerivedTopic) {
    auto spans = derived_shop();
    spans.push_back(make(ambient, 7, 3, "stock", "GET", span_kind::client, 19'000, 100));
    EXPECT_THAT(outline(build_chains(spans).at(0)), ElementsAre("0 POST", "1 POST", "2 POST", "3 send placed",
                                                                "4 (placed)", "5 process placed", "6 POST", "6 GET"));
}

TEST(ChainLinked, SaysTheSameInJson) {
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

}  // namespace
}  // namespace outrider::tracing
