#include "tracing/stitch/stitcher.hpp"

#include <gtest/gtest.h>

#include "tests/unit/tracing/stitch/stitch_spans.hpp"

namespace outrider::tracing {
namespace {

namespace names = chain_attributes;
using enum span_kind;

TEST(Stitcher, SaysNothingOfASpanWhoseParentCame) {
    const auto above = span_of("a", server, 1, 1, 0, 0, 10), below = span_of("a", client, 1, 2, 1, 1, 5);
    const auto all = decided({below, above});
    EXPECT_FALSE(all.contains(key_of(below)));
    ASSERT_TRUE(all.contains(key_of(above)));
    EXPECT_FALSE(all.at(key_of(above)).cause.cause.valid());
}

TEST(Stitcher, TakesTheOneReceivedLinkOfARootForItsCause) {
    const auto cause = span_of("a", client, 1, 1, 0, 0, 10);
    auto root = span_of("b", server, 2, 2, 0, 1, 5);
    root.links.push_back({cause.trace, cause.span, {}, {}, 0, 0});
    const auto found = decision_on(root, {root, cause});
    EXPECT_EQ(found.cause.cause, key_of(cause));
    EXPECT_EQ(found.cause.source, link_source::context);
    EXPECT_EQ(found.cause.confidence, 1);
}

TEST(Stitcher, TakesNoLinkOfSeveralTracesForTheCause) {
    const auto first = span_of("a", producer, 1, 1, 0, 0, 1), second = span_of("a", producer, 2, 2, 0, 0, 1);
    auto poll = with(span_of("b", client, 3, 3, 0, 5, 1), "messaging.operation.type", "receive");
    poll.links.push_back({first.trace, first.span, {}, {}, 0, 0});
    poll.links.push_back({second.trace, second.span, {}, {}, 0, 0});
    EXPECT_FALSE(decision_on(poll, {first, second, poll}).cause.cause.valid());
}

TEST(Stitcher, IsNotLedByLinksThatAreCandidates) {
    const auto other = span_of("a", client, 1, 1, 0, 0, 10);
    auto root = span_of("b", server, 2, 2, 0, 1, 5);
    root.links.push_back({other.trace, other.span, {}, {text(std::string{names::link_source}, "timing")}, 0, 0});
    EXPECT_FALSE(decision_on(root, {root, other}).cause.cause.valid());
}

TEST(Stitcher, BridgesAParentThatNeverCameByTheTracestate) {
    const auto cause = span_of("a", client, 1, 1, 0, 0, 10);
    auto orphan = span_of("b", server, 1, 3, 2, 1, 5);
    orphan.tracestate = "x=y,outrider=" + cause.span.hex();
    const auto found = decision_on(orphan, {orphan, cause});
    EXPECT_EQ(found.cause.cause, key_of(cause));
    EXPECT_EQ(found.cause.source, link_source::tracestate);
    EXPECT_FLOAT_EQ(found.cause.confidence, 0.99F);
}

TEST(Stitcher, FollowsTheTracestateIntoAnotherTrace) {
    const auto cause = span_of("a", client, 1, 1, 0, 0, 10);
    auto orphan = span_of("b", server, 2, 3, 2, 1, 5);
    orphan.tracestate = "outrider=" + cause.span.hex();
    EXPECT_EQ(decision_on(orphan, {cause, orphan}).cause.cause, key_of(cause));
}

TEST(Stitcher, PassesOverATracestateThatNamesTheSpanItselfOrNothing) {
    for (const std::string& value : {id_of(3).hex(), std::string{"0123"}, std::string(16, 'x'), id_of(99).hex()}) {
        auto orphan = span_of("b", server, 2, 3, 2, 1, 5);
        orphan.tracestate = "outrider=" + value;
        EXPECT_FALSE(decision_on(orphan, {orphan}).cause.cause.valid()) << value;
    }
}

TEST(Stitcher, JoinsARecordToItsSendByOffsetAcrossTraces) {
    const auto send = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "orders", 40, 5, "c");
    for (std::int64_t offset : {39, 40, 44, 45}) {
        const auto process = about(span_of("b", consumer, 2, 2, 0, 9, 1), "process", "orders", offset, 1, "c");
        const auto found = decision_on(process, {process, send});
        const bool within = offset >= 40 && offset < 45;
        EXPECT_EQ(found.cause.cause.valid(), within) << offset;
        if (!within) continue;
        EXPECT_EQ(found.cause.cause, key_of(send));
        EXPECT_EQ(found.cause.source, link_source::kafka);
        EXPECT_EQ(found.cause.confidence, 1);
    }
}

TEST(Stitcher, KeepsClustersApart) {
    const auto here = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "orders", 40, 1, "here");
    const auto there = about(span_of("a", producer, 2, 2, 0, 5, 1), "send", "orders", 40, 1, "there");
    const auto process = about(span_of("b", consumer, 3, 3, 0, 9, 1), "process", "orders", 40, 1, "here");
    EXPECT_EQ(decision_on(process, {here, there, process}).cause.cause, key_of(here));
    EXPECT_FALSE(decision_on(process, {there, process}).cause.cause.valid());
}

TEST(Stitcher, MatchesWithoutAClusterOnlyWhatIsUnambiguous) {
    const auto one = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "orders", 40);
    const auto two = about(span_of("x", producer, 2, 2, 0, 5, 1), "send", "orders", 40);
    const auto process = about(span_of("b", consumer, 3, 3, 0, 9, 1), "process", "orders", 40);
    EXPECT_EQ(decision_on(process, {one, process}).cause.cause, key_of(one));
    EXPECT_FALSE(decision_on(process, {one, two, process}).cause.cause.valid());
    EXPECT_FALSE(decision_on(process, {two, one, process}).cause.cause.valid());
}

TEST(Stitcher, PutsACommitUnderWhatTookTheRecordBeforeItsOffset) {
    const auto process = about(span_of("b", consumer, 1, 1, 9, 0, 1), "process", "orders", 40, 1, "c");
    const auto elsewhere = about(span_of("z", consumer, 2, 2, 9, 0, 1), "process", "orders", 40, 1, "c");
    const auto commit = about(span_of("b", client, 3, 3, 0, 5, 1), "settle", "orders", 41, 1, "c");
    const auto found = decision_on(commit, {process, elsewhere, commit});
    EXPECT_EQ(found.cause.cause, key_of(process));
    EXPECT_EQ(found.cause.source, link_source::kafka);
}

TEST(Stitcher, NamesNoCauseForAPollOfSeveralSends) {
    const auto first = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "orders", 40);
    const auto second = about(span_of("a", producer, 2, 2, 0, 5, 1), "send", "orders", 41);
    const auto one = about(span_of("b", client, 3, 3, 0, 9, 1), "receive", "orders", 40, 1);
    const auto both = about(span_of("b", client, 4, 4, 0, 9, 1), "receive", "orders", 40, 2);
    const auto all = decided({first, second, one, both});
    EXPECT_EQ(all.at(key_of(one)).cause.cause, key_of(first));
    EXPECT_FALSE(all.at(key_of(both)).cause.cause.valid());
}

TEST(Stitcher, PutsAnAnchorUnderTheSendThatItStandsFor) {
    auto send = about(span_of("a", client, 1, 1, 7, 0, 1), "send", "orders", 40);
    auto anchor = with(about(span_of("a", client, 2, 2, 0, 0, 1), "send", "orders", 40), "outrider.anchor", true);
    auto poll = about(span_of("b", client, 3, 3, 0, 5, 1), "receive", "orders", 40);
    send.links.push_back({anchor.trace, anchor.span, {}, {}, 0, 0});
    anchor.links.push_back({send.trace, send.span, {}, {}, 0, 0});
    poll.links.push_back({anchor.trace, anchor.span, {}, {}, 0, 0});
    const auto all = decided({poll, anchor, send});
    EXPECT_EQ(all.at(key_of(anchor)).cause.cause, key_of(send));
    EXPECT_EQ(all.at(key_of(poll)).cause.cause, key_of(anchor));
    EXPECT_FALSE(all.at(key_of(send)).cause.cause.valid());
}

TEST(Stitcher, TakesTheCausationIdForExact) {
    const auto brought = with(span_of("b", server, 1, 1, 0, 0, 10), names::message_id, "m1");
    const auto sent = with(span_of("a", client, 2, 2, 0, 0, 10), names::message_id, "m1");
    const auto root = with(span_of("b", producer, 3, 3, 0, 50, 1), names::causation_id, "m1");
    const auto found = decision_on(root, {brought, sent, root});
    EXPECT_EQ(found.cause.cause, key_of(brought)) << "what entered the same process with it";
    EXPECT_EQ(found.cause.source, link_source::key);
    EXPECT_FLOAT_EQ(found.cause.confidence, 0.99F);
    EXPECT_EQ(decision_on(root, {sent, root}).cause.cause, key_of(sent)) << "else who sent it";
}

TEST(Stitcher, JoinsWhatEntersToWhatLeftWithTheSameMessage) {
    const auto sent = with(span_of("a", producer, 2, 2, 0, 0, 1), names::message_id, "m1");
    const auto entered = with(span_of("b", consumer, 3, 3, 0, 5, 1), names::message_id, "m1");
    const auto found = decision_on(entered, {sent, entered});
    EXPECT_EQ(found.cause.cause, key_of(sent));
    EXPECT_EQ(found.cause.source, link_source::key);
}

TEST(Stitcher, TakesACorrelationIdForTheCauseWhenJustOneOpenCandidateHasIt) {
    const auto one = with(span_of("b", server, 1, 1, 0, 0, 100), names::correlation_id, "g");
    const auto two = with(span_of("b", server, 2, 2, 0, 0, 100), names::correlation_id, "g");
    const auto stranger = with(span_of("b", server, 3, 3, 0, 0, 100), names::correlation_id, "h");
    const auto root = with(span_of("b", client, 4, 4, 0, 50, 1), names::correlation_id, "g");
    const auto found = decision_on(root, {one, stranger, root});
    EXPECT_EQ(found.cause.cause, key_of(one));
    EXPECT_EQ(found.cause.source, link_source::key);
    EXPECT_FLOAT_EQ(found.cause.confidence, 0.95F);
    EXPECT_LT(decision_on(root, {one, two, stranger, root}).cause.confidence, 0.9F);
}

TEST(Stitcher, FindsTheCausingMessageInABatch) {
    attribute_value::array ids;
    for (auto id : {"m1", "m2", "m3"}) ids.emplace_back(std::string{id});
    const auto poll = with(about(span_of("b", client, 1, 1, 0, 0, 1), "receive", "t", 5, 3), names::message_id, ids);
    const auto root = with(span_of("b", producer, 3, 3, 0, 50, 1), names::causation_id, "m2");
    EXPECT_EQ(decision_on(root, {poll, root}).cause.cause, key_of(poll));
    EXPECT_FALSE(decision_on(with(span_of("b", producer, 3, 3, 0, 50, 1), names::causation_id, "m4"), {poll})
                     .cause.cause.valid());
}

TEST(Stitcher, RecognizesWhatARequestCarriedByARareValue) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 50; ++i) {
        spans.push_back(echoing(span_of("b", server, i, i, 0, 0, 100), {1000 + i, 7}));
        spans.push_back(echoing(span_of("b", client, 100 + i, 100 + i, 0, 50, 1), {1000 + 51 - i, 7}));
    }
    const auto all = decided(spans);
    for (std::uint64_t i = 1; i <= 50; ++i) {
        const auto& found = all.at({trace_of(100 + i), id_of(100 + i)}).cause;
        EXPECT_EQ(found.cause, (span_key{trace_of(51 - i), id_of(51 - i)})) << i;
        EXPECT_EQ(found.source, link_source::echo);
        EXPECT_GT(found.confidence, 0.5F);
    }
}

TEST(Stitcher, IsSurerOfSeveralValuesThanOfOne) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 10; ++i)
        spans.push_back(echoing(span_of("b", server, i, i, 0, 0, 100), {1000 + i, 2000 + i, 3000 + i}));
    const auto once = echoing(span_of("b", client, 50, 50, 0, 50, 1), {1003});
    const auto thrice = echoing(span_of("b", client, 51, 51, 0, 50, 1), {1004, 2004, 3004});
    spans.push_back(once);
    spans.push_back(thrice);
    const auto all = decided(spans);
    EXPECT_LT(all.at(key_of(once)).cause.confidence, all.at(key_of(thrice)).cause.confidence);
    EXPECT_GT(all.at(key_of(thrice)).cause.confidence, 0.98F);
    EXPECT_EQ(all.at(key_of(thrice)).cause.cause, (span_key{trace_of(4), id_of(4)}));
}

TEST(Stitcher, TellsNothingByAValueThatEverybodyCarries) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 20; ++i) spans.push_back(echoing(span_of("b", server, i, i, 0, 0, 100), {7}));
    const auto root = echoing(span_of("b", client, 50, 50, 0, 50, 1), {7});
    spans.push_back(root);
    EXPECT_NE(decision_on(root, spans).cause.source, link_source::echo);
}

TEST(Stitcher, AsksNoOtherProcess) {
    auto elsewhere = echoing(span_of("b", server, 1, 1, 0, 0, 100), {1, 2, 3});
    elsewhere.origin = instance_of("b", "2");
    const auto root = echoing(span_of("b", client, 50, 50, 0, 50, 1), {1, 2, 3});
    EXPECT_FALSE(decision_on(root, {elsewhere, root}).cause.cause.valid());
}

TEST(Stitcher, IsSureWhereJustOneRequestWasOpen) {
    // Such calls have never left while nothing was open, which would tell that some have no cause.
    std::vector<span_data> spans;
    const auto call = [](std::uint64_t number, double at) {
        return with(span_of("b", client, number, 1, 0, at, 1), names::inbound_open, std::int64_t{1});
    };
    for (std::uint64_t i = 1; i <= 40; ++i) {
        const auto at = 200.0 * static_cast<double>(i);
        spans.push_back(span_of("b", server, i, i, 0, at, 100));
        spans.push_back(call(100 + i, at + static_cast<double>(i * 31 % 90)));
    }
    const auto open = span_of("b", server, 300, 300, 0, 10'000, 100), over = span_of("b", server, 2, 2, 0, 10'000, 40);
    const auto root = call(400, 10'070);
    spans.insert(spans.end(), {open, over, root});
    const auto found = decision_on(root, spans);
    EXPECT_EQ(found.cause.cause, key_of(open));
    EXPECT_GE(found.cause.confidence, 0.97F);
}

TEST(Stitcher, IsNotSureOfTheOneOpenRequestWhereWorkIsDoneOutsideOfRequests) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 20; ++i) {
        const auto at = 1'000.0 * static_cast<double>(i);
        spans.push_back(span_of("b", server, i, i, 0, at, 100));
        spans.push_back(with(span_of("b", client, 100 + i, 1, 0, at + 700, 1), names::inbound_open, std::int64_t{0}));
    }
    const auto root = with(span_of("b", client, 300, 3, 0, 20'050, 1), names::inbound_open, std::int64_t{1});
    spans.push_back(root);
    EXPECT_NE(decision_on(root, spans).cause.confidence, 0.99F);
}

TEST(Stitcher, BelievesTheFirstTierThatAnswers) {
    const auto send = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "t", 7, 1, "c");
    const auto sender = with(span_of("a", client, 2, 2, 0, 0, 1), names::message_id, "m");
    auto process = about(span_of("b", consumer, 3, 3, 9, 5, 1), "process", "t", 7, 1, "c");
    process = with(process, names::message_id, "m");
    EXPECT_EQ(decision_on(process, {sender, process}).cause.source, link_source::key);
    EXPECT_EQ(decision_on(process, {sender, send, process}).cause.source, link_source::kafka);
    const auto exported = span_of("x", client, 4, 4, 0, 0, 1);
    process.tracestate = "outrider=" + exported.span.hex();
    EXPECT_EQ(decision_on(process, {sender, send, exported, process}).cause.source, link_source::tracestate);
    const auto parent = span_of("y", producer, 3, 9, 0, 0, 1);
    EXPECT_FALSE(decided({sender, send, exported, parent, process}).contains(key_of(process)));
}

}  // namespace
}  // namespace outrider::tracing
