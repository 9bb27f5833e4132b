#include "tracing/chains/chain_analysis.hpp"

#include <gmock/gmock.h>

#include "tests/unit/tracing/chains/topic_spans.hpp"
#include "tracing/chains/chain_rows.hpp"
#include "tracing/chains/chain_sequence.hpp"
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::tracing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::uint64_t second = 1'000'000'000;

span_data of_group(span_data span, const std::string& group) {
    span.attributes.push_back(text("messaging.consumer.group.name", group));
    return span;
}

/// shop() with its record taken by a group.
std::vector<span_data> taken_by(const std::string& group) {
    auto spans = shop();
    spans.push_back(of_group(about(make(ambient, 5, 4, "stock", "process placed", span_kind::consumer, 17'300, 4'000),
                                   "process", "0", 40, 5),
                             group));
    return spans;
}

chain_analysis analyzed(const std::vector<span_data>& spans, analysis_options options = {}) {
    const auto chains = build_chains(spans);
    return analyze(chains.at(0), options);
}

std::vector<std::string> texts(const chain_analysis& of, finding_kind kind) {
    std::vector<std::string> out;
    for (const auto& each : of.findings)
        if (each.kind == kind) out.push_back(each.text);
    return out;
}

TEST(CriticalPath, CoversTheChainFromEndToEndWithoutOverlap) {
    auto spans = shop_to_stock();
    spans[5].start_unix_ns += 5'000 * us;  // stock works on the record for a while before it calls
    spans[5].end_unix_ns += 5'000 * us;
    const auto chains = build_chains(spans);
    const auto known = analyze(chains.at(0));
    auto at = chains[0].start_unix_ns;
    for (const auto& stretch : known.critical) {
        EXPECT_EQ(stretch.when.start, at) << stretch.row;
        at = stretch.when.end;
    }
    EXPECT_EQ(at, chains[0].end_unix_ns);
    EXPECT_EQ(known.queue_ns, 12'300 * us);
}

TEST(CriticalPath, FollowsWhatReturnedLast) {
    std::vector<span_data> spans{
        make(ambient, 1, 0, "a", "root", span_kind::server, 0, 100),
        make(ambient, 2, 1, "a", "short", span_kind::client, 10, 20),
        make(ambient, 3, 1, "a", "long", span_kind::client, 10, 60),
        make(ambient, 4, 1, "a", "last", span_kind::client, 75, 10),
    };
    const auto chains = build_chains(spans);
    std::vector<std::pair<std::string, std::uint64_t>> path;
    for (const auto& stretch : analyze(chains[0]).critical)
        path.emplace_back(chains[0].rows[stretch.row].span->name, stretch.when.length() / us);
    EXPECT_THAT(path,
                ElementsAre(Pair("root", 10), Pair("long", 60), Pair("root", 5), Pair("last", 10), Pair("root", 15)));
}

TEST(RowTimes, PutTheClockOfAnotherMachineRight) {
    std::vector<span_data> spans{
        make(ambient, 1, 0, "a", "GET", span_kind::client, 1'000, 100),
        make(ambient, 2, 1, "b", "GET", span_kind::server, 51'000, 80),
        make(ambient, 3, 2, "b", "GET", span_kind::client, 51'010, 40),
    };
    const auto chains = build_chains(spans);
    const auto times = row_times(chains[0], parents_of(chains[0]));
    EXPECT_EQ((times[1].start - epoch) / us, 1'010U);
    EXPECT_EQ((times[1].end - epoch) / us, 1'090U);
    EXPECT_EQ((times[2].start - epoch) / us, 1'020U) << "the same clock";
}

TEST(ChainAnalysis, SaysSinceWhenARecordWaits) {
    analysis_options options;
    options.now_unix_ns = epoch + 5'000 * us + 42 * second;
    const auto stuck = analyzed(shop(), options);
    EXPECT_EQ(stuck.state, chain_state::stuck);
    EXPECT_EQ(stuck.verdict, "stuck: placed[0]@40-44 was sent 42.0 s ago and no consumer of it is known");
    EXPECT_THAT(texts(stuck, finding_kind::missing_consumer), ElementsAre("no consumer span for placed[0]@40-44"));
    options.now_unix_ns = epoch + 5'000 * us + second / 2;
    EXPECT_EQ(analyzed(shop(), options).state, chain_state::waiting);
    EXPECT_EQ(analyzed(shop(), options).verdict,
              "waiting: placed[0]@40-44 was sent 500 ms ago and nobody has taken it yet");
    EXPECT_EQ(analyzed(shop()).verdict, "stuck: placed[0]@40-44 was sent at +5.00 ms and no consumer of it is known");
}

TEST(ChainAnalysis, AsksForEachGroupThatIsKnownForTheTopic) {
    chain_surroundings known;
    known.learn(taken_by("billing"));
    analysis_options options;
    options.known = &known;
    EXPECT_EQ(analyzed(taken_by("stock")).state, chain_state::complete);
    const auto stuck = analyzed(taken_by("stock"), options);
    EXPECT_THAT(texts(stuck, finding_kind::missing_consumer),
                ElementsAre("no consumer span for placed[0]@40-44 in group billing"));
    EXPECT_THAT(stuck.verdict, HasSubstr("and group billing has not taken it"));
    EXPECT_EQ(analyzed(taken_by("billing"), options).state, chain_state::complete);
    EXPECT_EQ(analyzed(taken_by(""), options).state, chain_state::complete) << "it may have been that group";
}

TEST(ChainAnalysis, DoesNotMissARecordThatWasNotWritten) {
    auto spans = shop();
    spans[3].status = status_code::error;
    spans[3].status_message = "NOT_ENOUGH_REPLICAS";
    const auto failed = analyzed(spans);
    EXPECT_EQ(failed.state, chain_state::failed);
    EXPECT_THAT(failed.verdict, HasSubstr("send placed: error: NOT_ENOUGH_REPLICAS"));
    EXPECT_EQ(failed.gaps(), 0U);
}

/// shop(), and what payment does with the record.
std::vector<span_data> handled(std::uint8_t trace, bool goes_on) {
    auto spans = taken_by("stock");
    if (goes_on)
        spans.push_back(
            about(make(ambient, 6, 5, "stock", "send reserved", span_kind::producer, 22'000, 100), "send", "0", 7));
    if (goes_on)
        spans.push_back(about(make(ambient, 7, 6, "payment", "process reserved", span_kind::consumer, 23'000, 100),
                              "process", "0", 7));
    for (auto& span : spans) {
        span.trace = sample_trace(trace);
        span.start_unix_ns += trace * std::uint64_t{1'000'000'000};
        span.end_unix_ns += trace * std::uint64_t{1'000'000'000};
    }
    return spans;
}

/// What is known of the traces 1 to `last`, of which nothing came of those from `lost` to `found`.
chain_surroundings learned(std::uint8_t last, std::uint8_t lost, std::uint8_t found, unsigned times = 1) {
    chain_surroundings known;
    for (std::uint8_t i = 1; i <= last; ++i) {
        const auto spans = handled(i, i < lost || i > found);
        for (unsigned again = 0; again < times; ++again)
            for (const auto& one : build_chains(spans)) known.learn(one);
    }
    return known;
}

TEST(ChainAnalysis, LearnsFromAChainOnce) {
    const auto known = learned(6, 2, 2, 3);
    analysis_options options;
    options.known = &known;
    EXPECT_EQ(analyzed(handled(2, false), options).state, chain_state::stuck) << "five of five others went on";
}

TEST(ChainAnalysis, ManyLostRecordsInARowAreStillMissed) {
    const auto known = learned(20, 6, 18);
    analysis_options options;
    options.known = &known;
    for (const std::uint8_t each : {6, 10, 18})
        EXPECT_EQ(analyzed(handled(each, false), options).state, chain_state::stuck) << int{each};
}

TEST(ChainAnalysis, OneThatLedToNothingBeforeIsNoHabit) {
    auto known = learned(5, 2, 2);
    for (const auto spans = handled(9, false); const auto& one : build_chains(spans)) known.learn(one);
    analysis_options options;
    options.known = &known;
    EXPECT_EQ(analyzed(handled(9, false), options).state, chain_state::stuck);
}

TEST(ChainAnalysis, OfWhatOftenLeadsToNothingNothingIsMissed) {
    chain_surroundings known;
    for (std::uint8_t i = 1; i <= 30; ++i)
        for (const auto spans = handled(i, i % 4 != 0); const auto& one : build_chains(spans)) known.learn(one);
    analysis_options options;
    options.known = &known;
    EXPECT_EQ(analyzed(handled(12, false), options).state, chain_state::complete);
}

TEST(ChainAnalysis, MissesWhatNearlyAlwaysComesOfARecord) {
    chain_surroundings known;
    std::vector<std::vector<span_data>> kept;
    for (std::uint8_t i = 1; i <= 6; ++i) {
        kept.push_back(handled(i, i != 6));
        for (const auto& one : build_chains(kept.back())) known.learn(one);
    }
    analysis_options options;
    options.known = &known;
    EXPECT_EQ(analyzed(handled(1, true), options).state, chain_state::complete) << "nothing ever comes of `reserved`";
    const auto lost = analyzed(handled(6, false), options);
    EXPECT_EQ(lost.state, chain_state::stuck);
    EXPECT_EQ(lost.verdict, "stuck: stock took placed[0]@40-44 at +21.3 ms and nothing came of it (else reserved)");
    EXPECT_EQ(lost.count(finding_kind::missing_outcome), 1U);
    chain_surroundings unsure;
    for (std::size_t i = 0; i < 2; ++i)
        for (const auto& one : build_chains(kept[i])) unsure.learn(one);
    options.known = &unsure;
    EXPECT_EQ(analyzed(handled(6, false), options).state, chain_state::complete) << "seen twice only";
}

TEST(ChainAnalysis, MissesTheAnswerOfWhoTellsOfOthers) {
    auto spans = shop();
    spans.resize(3);
    auto call = make(ambient, 9, 3, "orders", "POST", span_kind::client, 3'000, 100);
    call.attributes = {text("peer.service", "stock"), text("http.request.method", "POST"),
                       text("url.full", "http://stock/reservations?x=1")};
    spans.push_back(call);
    EXPECT_EQ(analyzed(spans).gaps(), 0U) << "it may have no sidecar";
    chain_surroundings known;
    known.learn(std::vector{make(0x12, 1, 0, "stock", "GET", span_kind::server, 0, 1)});
    analysis_options options;
    options.known = &known;
    EXPECT_THAT(texts(analyzed(spans, options), finding_kind::missing_server),
                ElementsAre("no server span for POST /reservations to stock"));
    spans.back().attributes.push_back(text("error.type", "connect_refused"));
    EXPECT_EQ(analyzed(spans, options).gaps(), 0U) << "it was never reached";
}

TEST(ChainAnalysis, CollectsKeys) {
    auto spans = shop_to_stock();
    spans[0].attributes.push_back(text("chain.key.order", "4711"));
    attribute_value::array several{attribute_value{std::string{"4711"}}, attribute_value{std::string{"4712"}}};
    spans[4].attributes.push_back({"chain.key.order", attribute_value{std::move(several)}});
    const auto known = analyzed(spans);
    EXPECT_THAT(known.keys, ElementsAre(Pair("order", ElementsAre("4711", "4712"))));
}

TEST(ChainAnalysis, SurvivesTimesThatCannotBe) {
    auto spans = shop_to_stock();
    spans[0].end_unix_ns = 0;
    spans[1].start_unix_ns = UINT64_MAX;
    spans[2].start_unix_ns = 0;
    spans[4].end_unix_ns = UINT64_MAX;
    const auto chains = build_chains(spans);
    const auto known = analyze(chains.at(0));
    EXPECT_FALSE(known.verdict.empty());
    for (const auto& stretch : known.critical) EXPECT_LT(stretch.when.start, stretch.when.end);
    EXPECT_FALSE(sequence_svg(sequence_of(chains[0], known)).empty());
    EXPECT_FALSE(chain_text(chains).empty());
}

/// A root with so many failing children, or a chain of so many.
std::vector<span_data> many(std::size_t count, bool deep) {
    std::vector<span_data> spans;
    for (std::size_t i = 1; i <= count; ++i) {
        auto span =
            make(ambient, 0, 0, "service " + std::to_string(i % 1'000), std::string(i == 7 ? 1'000'000 : 10, 'n'),
                 i % 2 == 0 ? span_kind::client : span_kind::server, i, 10);
        for (auto k = 0; k < 4; ++k) span.span.bytes[7 - k] = static_cast<std::uint8_t>(i >> (8 * k));
        if (i > 1) span.parent = deep ? spans.back().span : spans.front().span;
        span.status = status_code::error;
        span.attributes.push_back(text("chain.link.source", "timing"));
        spans.push_back(std::move(span));
    }
    return spans;
}

void expect_bounded(std::size_t count, bool deep) {
    const auto spans = many(count, deep);
    const auto chains = build_chains(spans);
    const auto known = analyze(chains.at(0));
    EXPECT_LE(known.findings.size(), 2'000U);
    EXPECT_GT(known.left_out, count * 9 / 10);
    const auto sequence = sequence_of(chains[0], known);
    const auto flow = flow_of(chains[0], known);
    EXPECT_THAT(sequence.left_out, HasSubstr("more rows"));
    EXPECT_THAT(flow.left_out, HasSubstr("more rows"));
    EXPECT_LT(sequence_mermaid(sequence).size(), 50'000U) << "what Mermaid takes";
    EXPECT_LT(graph_mermaid(flow).size(), 50'000U);
    EXPECT_LE(flow.edges.size(), 500U) << "what Mermaid takes";
    EXPECT_LT(sequence_svg(sequence).size(), 1'000'000U);
    EXPECT_LT(graph_svg(flow).size(), 1'000'000U);
}

TEST(ChainAnalysis, StaysBoundedWithAHundredThousandSpans) { expect_bounded(100'000, false); }

TEST(ChainAnalysis, StaysBoundedWithATowerOfSpans) { expect_bounded(10'000, true); }

}  // namespace
}  // namespace outrider::tracing
