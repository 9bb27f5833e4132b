// When things are decided, and what becomes of spans that come late.
#include <gtest/gtest.h>

#include "tests/unit/tracing/stitch/stitch_spans.hpp"
#include "tracing/stitch/chain_groups.hpp"

namespace outrider::tracing {
namespace {

namespace names = chain_attributes;
using enum span_kind;

/// A stitcher that is told the time in milliseconds.
class StitcherOnline : public testing::Test {
  protected:
    void add(const span_data& span, std::int64_t at_ms) { stitching_.add(span, at_ms * ms); }
    std::map<span_key, decision> at(std::int64_t now_ms) { return last_of(stitching_.advance(now_ms * ms)); }
    stitch_counters counters() const { return stitching_.counters(); }

    stitcher stitching_;
};

TEST_F(StitcherOnline, WaitsForAParentAsLongAsItsPatience) {
    const auto orphan = span_of("b", server, 1, 2, 9, 0, 1);
    add(orphan, 0);
    EXPECT_TRUE(at(900).empty());
    const auto said = at(1'001);
    ASSERT_TRUE(said.contains(key_of(orphan)));
    EXPECT_FALSE(said.at(key_of(orphan)).cause.cause.valid());
    EXPECT_TRUE(at(5'000).empty()) << "once";
}

TEST_F(StitcherOnline, SaysNothingOfASpanWhoseParentComesInTime) {
    const auto parent = span_of("a", client, 1, 1, 0, 0, 1), child = span_of("b", server, 1, 2, 1, 0, 1);
    add(child, 0);
    add(parent, 900);
    EXPECT_FALSE(at(1'500).contains(key_of(child)));
    EXPECT_EQ(counters().late, 0u);
}

TEST_F(StitcherOnline, DecidesAtOnceWhatIsExact) {
    const auto send = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "t", 5);
    const auto process = about(span_of("b", consumer, 2, 2, 0, 3, 1), "process", "t", 5);
    add(send, 0);
    add(process, 10);
    EXPECT_EQ(at(11)[key_of(process)].cause.cause, key_of(send));
}

/// The span of a record comes when it is handed over, and what its handler calls may take long.
class StitcherOfSlowHandlers : public StitcherOnline {
  protected:
    /// Records of one customer, one a second, each of an order of its own; the handlers' sends come 20 s later.
    void SetUp() override {
        for (std::uint64_t i = 1; i <= 30; ++i) {
            record_at(i, i, 1'000 * static_cast<std::int64_t>(i));
            advance_to(1'000 * static_cast<std::int64_t>(i));
        }
    }
    void record_at(std::uint64_t number, std::uint64_t order, std::int64_t at_ms) {
        const auto offset = static_cast<std::int64_t>(number);
        add(echoing(handed_over("orders", number, offset, static_cast<double>(at_ms)), {700 + order, 5}), at_ms);
    }
    span_data send_of(std::uint64_t order, double at_ms) {
        return echoing(span_of("b", producer, 1'000 + order, 1, 0, at_ms, 1), {700 + order, 5});
    }
    void advance_to(std::int64_t now_ms) {
        for (const auto& [root, each] : at(now_ms)) said_[root] = each;
    }
    std::map<span_key, decision> said_;
};

TEST_F(StitcherOfSlowHandlers, FindsTheRecordByWhatOnlyItSaid) {
    for (std::uint64_t order = 5; order <= 10; ++order) add(send_of(order, 30'100), 30'100);
    advance_to(32'000);
    for (std::uint64_t order = 5; order <= 10; ++order) {
        const auto& cause = said_.at(key_of(send_of(order, 30'100))).cause;
        EXPECT_EQ(cause.cause, (span_key{trace_of(order), id_of(order)})) << order;
        EXPECT_EQ(cause.source, link_source::echo);
        EXPECT_GE(cause.confidence, 0.9F);
    }
}

TEST_F(StitcherOfSlowHandlers, IsLessSureOfTheLatestOfAFewThatSayTheSame) {
    record_at(105, 5, 30'000);
    for (std::uint64_t i = 31; i <= 40; ++i) {
        record_at(i, i, 1'000 * static_cast<std::int64_t>(i));
        advance_to(1'000 * static_cast<std::int64_t>(i));
    }
    const auto send = send_of(5, 40'100);
    add(send, 40'100);
    advance_to(42'000);
    const auto& cause = said_.at(key_of(send)).cause;
    EXPECT_EQ(cause.cause, (span_key{trace_of(105), id_of(105)}));
    EXPECT_GE(cause.confidence, 0.5F);
    EXPECT_LT(cause.confidence, 0.9F);
}

TEST_F(StitcherOfSlowHandlers, TakesNothingForRareBecauseMostWhoSaidItAreForgotten) {
    stitching_ = stitcher{{.memory = std::chrono::seconds(20)}};
    for (std::int64_t i = 0; i < 240; ++i) {
        const auto number = 100 + static_cast<std::uint64_t>(i);
        add(echoing(handed_over("orders", number, i, 250.0 * static_cast<double>(i)), {5}), 250 * i);
        advance_to(250 * i);
    }
    advance_to(76'900);  // a few are held
    const auto send = echoing(span_of("b", producer, 1'000, 1, 0, 77'000, 1), {5});
    add(send, 77'000);
    advance_to(78'300);
    EXPECT_FALSE(said_.at(key_of(send)).cause.cause.valid());
}

TEST_F(StitcherOfSlowHandlers, KeepsToARequestThatSaidMoreThanTheRecord) {
    // The order's request has been answered, its event is sent afterwards; the product was in a record long ago.
    add(echoing(handed_over("counted", 300, 300, 30'000), {9}), 30'000);
    for (std::int64_t now = 30'000; now <= 45'000; now += 1'000) {
        add(echoing(handed_over("orders", 400 + static_cast<std::uint64_t>(now), now, static_cast<double>(now)),
                    {static_cast<std::uint64_t>(now)}),
            now);
        advance_to(now);
    }
    const auto request = echoing(span_of("b", server, 2'000, 1, 0, 45'100, 10), {4'711, 5});
    const auto send = echoing(span_of("b", producer, 3'000, 1, 0, 45'150, 1), {4'711, 5, 9});
    add(request, 45'111);
    add(send, 45'151);
    advance_to(47'000);
    EXPECT_EQ(said_.at(key_of(send)).cause.cause, key_of(request));
}

TEST_F(StitcherOfSlowHandlers, LeavesToARequestThatIsOpenWhatItMayHaveAskedFor) {
    const auto open = span_of("b", server, 2'000, 1, 0, 30'050, 200);
    add(open, 30'250);
    const auto send = send_of(5, 30'100);
    add(send, 30'250);
    advance_to(32'000);
    EXPECT_NE(said_.at(key_of(send)).cause.cause, (span_key{trace_of(5), id_of(5)}));
}

TEST_F(StitcherOnline, DecidesEveryRootWithinItsPatienceAndAQuarter) {
    std::vector<span_key> roots;
    for (std::uint64_t i = 1; i <= 50; ++i) {
        for (auto kind : {server, client, producer, consumer, internal}) {
            roots.push_back(key_of(span_of("a", kind, 100 * i + static_cast<unsigned>(kind), 1, 0, 10.0 * i, 5)));
            add(span_of("a", kind, 100 * i + static_cast<unsigned>(kind), 1, 0, 10.0 * i, 5), 0);
        }
    }
    std::map<span_key, decision> said;
    for (std::int64_t now = 0; now <= 1'300; now += 50) said.merge(at(now));
    for (const auto& each : roots) EXPECT_TRUE(said.contains(each));
}

TEST_F(StitcherOnline, DecidesTogetherWhatHasWaitedHalfOfItsPatience) {
    const auto open = span_of("b", server, 1, 1, 0, 0, 1'000);
    const auto call = [](std::uint64_t number, double at) {
        return with(span_of("b", client, number, number, 0, at, 1), names::inbound_open, std::int64_t{1});
    };
    const auto first = call(3, 50), second = call(4, 100), third = call(5, 150);
    add(first, 51);
    add(second, 500);
    add(third, 900);
    EXPECT_TRUE(at(1'000).empty());
    add(open, 1'001);
    const auto said = at(1'260);
    EXPECT_EQ(said.at(key_of(first)).cause.cause, key_of(open));
    EXPECT_EQ(said.at(key_of(second)).cause.cause, key_of(open));
    EXPECT_FALSE(said.contains(key_of(third)));
}

TEST_F(StitcherOnline, IsNotHeldUpByACandidateThatStaysOpen) {
    const auto open = span_of("b", server, 1, 1, 0, 0, 100);
    const auto root = with(span_of("b", client, 3, 3, 0, 50, 1), names::inbound_open, std::int64_t{2});
    add(root, 51);
    add(open, 100);
    EXPECT_TRUE(at(800).empty());
    EXPECT_TRUE(at(1'301).contains(key_of(root)));
}

TEST_F(StitcherOnline, TellsAnewWhatARecordThatComesLateHasInCommon) {
    // What comes of a record comes after the span of its delivery.
    span_origin made = *instance_of("b");
    made.scope_name = "outrider";
    auto record = echoing(about(span_of("b", consumer, 1, 1, 0, 0, 1), "process", "orders", 5), {4711});
    record.origin = std::make_shared<const span_origin>(std::move(made));
    auto send = echoing(span_of("b", producer, 2, 2, 0, 20, 1), {4711});
    send.origin = record.origin;
    add(send, 30);
    EXPECT_FALSE(at(1'500).at(key_of(send)).cause.cause.valid());
    add(record, 2'000);
    EXPECT_EQ(at(3'500).at(key_of(send)).cause.cause, key_of(record));
}

TEST_F(StitcherOnline, TellsAnewWhatALateSendExplains) {
    const auto send = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "t", 5, 10);
    const auto process = about(span_of("b", consumer, 2, 2, 0, 3, 1), "process", "t", 9);
    add(process, 0);
    EXPECT_FALSE(at(2'000)[key_of(process)].cause.cause.valid());
    add(send, 5'000);
    EXPECT_EQ(at(5'000)[key_of(process)].cause.cause, key_of(send));
    EXPECT_EQ(counters().late, 1u);
}

TEST_F(StitcherOnline, TellsAnewWhatALateMessageExplains) {
    const auto sent = with(span_of("a", producer, 1, 1, 0, 0, 1), names::message_id, "m");
    const auto entered = with(span_of("b", consumer, 2, 2, 0, 3, 1), names::message_id, "m");
    const auto root = with(span_of("c", producer, 3, 3, 0, 5, 1), names::causation_id, "m");
    add(entered, 0);
    add(root, 0);
    EXPECT_EQ(at(2'000)[key_of(root)].cause.cause, key_of(entered));
    add(sent, 5'000);
    const auto said = at(7'000);
    ASSERT_TRUE(said.contains(key_of(entered)));
    EXPECT_EQ(said.at(key_of(entered)).cause.cause, key_of(sent));
    EXPECT_EQ(counters().late, 1u);
}

TEST_F(StitcherOnline, PrefersAParentThatComesLateToWhatItHadInferred) {
    const auto exported = span_of("a", client, 1, 1, 0, 0, 9), parent = span_of("a", internal, 1, 5, 1, 0, 9);
    auto child = span_of("b", server, 1, 2, 5, 0, 1);
    child.tracestate = "outrider=" + exported.span.hex();
    add(exported, 0);
    add(child, 0);
    EXPECT_EQ(at(2'000)[key_of(child)].cause.source, link_source::tracestate);
    add(parent, 5'000);
    const auto said = at(5'000);
    ASSERT_TRUE(said.contains(key_of(child)));
    EXPECT_EQ(said.at(key_of(child)).cause.cause, key_of(parent));
    EXPECT_EQ(said.at(key_of(child)).cause.source, link_source::context);
    EXPECT_EQ(counters().late, 1u);
}

TEST_F(StitcherOnline, TellsAnewWhatALateRequestExplains) {
    const auto slow = echoing(span_of("b", server, 1, 1, 0, 0, 4'000), {1, 2, 3});
    const auto root = echoing(span_of("b", client, 3, 3, 0, 50, 1), {1, 2, 3});
    add(root, 51);
    EXPECT_FALSE(at(2'000)[key_of(root)].cause.cause.valid());
    add(slow, 4'001);
    EXPECT_EQ(at(4'500)[key_of(root)].cause.cause, key_of(slow));
    EXPECT_EQ(counters().late, 1u);
}

TEST_F(StitcherOnline, CountsWhatIsDeliveredTwiceAndDecidesItOnce) {
    const auto root = span_of("a", server, 1, 1, 0, 0, 1);
    add(root, 0);
    add(root, 1);
    EXPECT_EQ(at(2'000).size(), 1u);
    EXPECT_EQ(counters().added, 2u);
    EXPECT_EQ(counters().duplicates, 1u);
    EXPECT_EQ(counters().held, 1u);
}

TEST_F(StitcherOnline, ForgetsSpansByAge) {
    add(span_of("a", producer, 1, 1, 0, 0, 1), 0);
    at(599'000);
    EXPECT_EQ(counters().held, 1u);
    at(601'000);
    EXPECT_EQ(counters().held, 0u);
    EXPECT_EQ(counters().forgotten, 1u);
}

TEST(StitcherBounds, KeepItsMemoryAndItsCountsAndDecideWhatIsForgotten) {
    stitch_options options;
    options.memory_bytes = 2 << 20;
    stitcher stitching{options};
    std::size_t decisions = 0;
    std::uint64_t most = 0;
    constexpr std::uint64_t spans = 30'000;
    for (std::uint64_t i = 1; i <= spans; ++i) {
        auto span = about(span_of("s" + std::to_string(i % 50), producer, i, 1, 0, static_cast<double>(i), 1), "send",
                          "t", static_cast<std::int64_t>(i));
        stitching.add(echoing(span, {i, i + 1}), static_cast<std::int64_t>(i) * ms / 10);
        decisions += stitching.advance(static_cast<std::int64_t>(i) * ms / 10).size();
        const auto counts = stitching.counters();
        ASSERT_EQ(counts.held + counts.forgotten, counts.added - counts.duplicates);
        most = std::max(most, counts.bytes);
    }
    decisions += stitching.finish().size();
    EXPECT_EQ(decisions, spans);
    EXPECT_LE(most, options.memory_bytes + (256U << 10)) << "an index that is built anew, and a block";
    EXPECT_GT(stitching.counters().held, 2'000u);
}

/// Chains over Kafka, keys, tracestate and links, whose spans come in any order.
std::vector<span_data> exact_chains(std::uint64_t chains) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= chains; ++i) {
        const auto trace = 100 * i, id = 1'000 * i;
        const auto at = static_cast<double>(50 * i);
        const auto offset = static_cast<std::int64_t>(10 * i);
        const auto message = "m" + std::to_string(i);
        spans.push_back(span_of("front", server, trace, id + 1, 0, at, 30));
        spans.push_back(about(span_of("front", producer, trace, id + 2, id + 1, at + 1, 2), "send", "t", offset, 3));
        for (std::uint64_t copy = 0; copy < 3; ++copy) {
            auto process = about(span_of("stock", consumer, trace + 1 + copy, id + 10 + copy, 0, at + 5, 1), "process",
                                 "t", offset + static_cast<std::int64_t>(copy));
            spans.push_back(with(process, names::message_id, message + std::to_string(copy)));
            auto call = span_of("stock", client, trace + 5 + copy, id + 20 + copy, 0, at + 7, 2);
            spans.push_back(with(call, names::causation_id, message + std::to_string(copy)));
            auto answer = span_of("ship", server, trace + 5 + copy, id + 30 + copy, id + 99, at + 8, 1);
            answer.tracestate = "outrider=" + call.span.hex();
            spans.push_back(answer);
        }
    }
    return spans;
}

std::map<trace_id, trace_id> chains_of(const std::vector<span_data>& spans, const std::vector<decision>& decisions) {
    chain_groups groups;
    for (const auto& each : decisions) groups.apply(each);
    std::map<trace_id, trace_id> chains;
    for (const auto& each : spans) chains[each.trace] = groups.chain_of(each.trace);
    return chains;
}

TEST(StitcherOrder, MakesTheSameChainsInWhateverOrderAndHoweverLateSpansCome) {
    const auto spans = exact_chains(20);
    std::map<trace_id, trace_id> expected;
    const auto chain_of = [](const span_data& span) { return (span.start_unix_ns - day) / (50 * ms); };
    std::map<std::uint64_t, trace_id> names_of;
    for (const auto& each : spans) {
        if (each.kind == server && !each.parent.valid()) names_of[chain_of(each)] = each.trace;
    }
    for (const auto& each : spans) expected[each.trace] = names_of[chain_of(each)];
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        id_generator random{seed};
        stitcher stitching;
        std::vector<decision> decisions;
        const auto take = [&](std::vector<decision> more) {
            decisions.insert(decisions.end(), more.begin(), more.end());
        };
        std::int64_t now = 0;
        for (const auto& each : shuffled(spans, seed)) {
            stitching.add(each, now);
            now += static_cast<std::int64_t>(random.next() % (seed % 2 == 0 ? 2 * ms : 200 * ms));
            take(stitching.advance(now));
        }
        take(stitching.finish());
        EXPECT_EQ(chains_of(spans, decisions), expected) << seed;
    }
}

TEST(StitcherOrder, SaysTheSameOfAFileHoweverItIsSorted) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 40; ++i) {
        spans.push_back(echoing(span_of("b", server, i, i, 0, 10.0 * i, 25), {i, i + 1, 50}));
        spans.push_back(echoing(span_of("b", client, 100 + i, 100 + i, 0, 10.0 * i + 3, 5), {i, i + 1, 50}));
    }
    const auto expected = decided(spans);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const auto again = decided(shuffled(spans, seed));
        ASSERT_EQ(again.size(), expected.size());
        for (const auto& [root, each] : expected) EXPECT_EQ(again.at(root).cause.cause, each.cause.cause);
    }
}

}  // namespace
}  // namespace outrider::tracing
