#include "tracing/stitch/rewrite.hpp"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/tracing/stitch/stitch_spans.hpp"

namespace outrider::tracing {
namespace {

namespace names = chain_attributes;
using enum span_kind;

decision caused(const span_data& root, const span_data& by, link_source source = link_source::timing,
                float confidence = 0.75F) {
    return {key_of(root), {key_of(by), source, confidence}, {}};
}

double number(const span_data& span, std::string_view key) {
    const auto* value = find_attribute(span.attributes, key);
    const auto* found = value == nullptr ? nullptr : std::get_if<double>(&value->data);
    return found == nullptr ? -1 : *found;
}

std::string fault(const span_data& span) { return std::string{text_attribute(span.attributes, names::fault)}; }

/// Rewrites once, and asserts that doing it again changes nothing.
std::vector<span_data> rewritten(const std::vector<span_data>& spans, const std::vector<decision>& decisions,
                                 const trace_id& chain) {
    const auto once = rewrite_chain(spans, decisions, chain);
    const auto twice = rewrite_chain(once, decisions, chain);
    EXPECT_EQ(once.size(), spans.size());
    EXPECT_EQ(once.size(), twice.size());
    for (std::size_t i = 0; i < once.size(); ++i) EXPECT_TRUE(same_span(once[i], twice[i])) << i;
    return once;
}

TEST(RewriteChain, PutsARootUnderItsCauseAndSaysWhatItWas) {
    const auto above = span_of("a", server, 1, 1, 0, 0, 10), left = span_of("a", client, 2, 2, 0, 1, 5),
               below = span_of("b", server, 2, 3, 2, 2, 3);
    const auto out = rewritten({above, left, below}, {caused(left, above)}, above.trace);
    for (const auto& each : out) EXPECT_EQ(each.trace, above.trace);
    EXPECT_EQ(out[1].parent, above.span);
    EXPECT_EQ(out[2].parent, left.span);
    EXPECT_EQ(text_attribute(out[1].attributes, names::link_source), "timing");
    EXPECT_EQ(number(out[1], names::link_confidence), 0.75);
    EXPECT_EQ(text_attribute(out[1].attributes, names::original_trace_id), left.trace.hex());
    EXPECT_EQ(text_attribute(out[2].attributes, names::original_trace_id), left.trace.hex());
    EXPECT_EQ(out[0].attributes, above.attributes) << "of the first root nothing changes";
}

TEST(RewriteChain, SaysWhichParentNeverCame) {
    const auto cause = span_of("a", client, 1, 1, 0, 0, 10), orphan = span_of("b", server, 1, 3, 2, 1, 5);
    const auto out = rewritten({cause, orphan}, {caused(orphan, cause, link_source::tracestate)}, cause.trace);
    EXPECT_EQ(out[1].parent, cause.span);
    EXPECT_EQ(text_attribute(out[1].attributes, names::original_parent_id), id_of(2).hex());
}

TEST(RewriteChain, LeavesAParentThatCame) {
    const auto parent = span_of("a", client, 1, 1, 0, 0, 10), child = span_of("b", server, 1, 2, 1, 1, 5),
               other = span_of("c", client, 1, 3, 0, 0, 9);
    const auto out = rewritten({parent, child, other}, {caused(child, other)}, parent.trace);
    EXPECT_EQ(out[1].parent, parent.span);
}

TEST(RewriteChain, TurnsCandidatesIntoLinks) {
    const auto root = span_of("a", client, 1, 1, 0, 1, 5), maybe = span_of("a", server, 2, 2, 0, 0, 10);
    decision none{key_of(root), {}, {{key_of(maybe), link_source::timing, 0.25F}}};
    const auto out = rewritten({root}, {none}, root.trace);
    EXPECT_FALSE(out[0].parent.valid());
    ASSERT_EQ(out[0].links.size(), 1u);
    EXPECT_EQ(out[0].links[0].trace, maybe.trace);
    EXPECT_EQ(out[0].links[0].span, maybe.span);
    EXPECT_EQ(text_attribute(out[0].links[0].attributes, names::link_source), "timing");
}

TEST(RewriteChain, ReplacesWhatAnEarlierDecisionDid) {
    const auto one = span_of("a", server, 1, 1, 0, 0, 10), two = span_of("a", server, 2, 2, 0, 0, 10),
               orphan = span_of("a", client, 3, 3, 9, 1, 5);
    auto first = caused(orphan, one);
    first.alternatives.push_back({key_of(two), link_source::timing, 0.25F});
    const auto out = rewrite_chain({one, two, orphan}, std::vector{first}, one.trace);
    EXPECT_EQ(out[2].parent, one.span);
    EXPECT_EQ(out[2].links.size(), 1u);
    const auto moved = rewrite_chain(out, std::vector{caused(orphan, two)}, one.trace);
    EXPECT_EQ(moved[2].parent, two.span);
    EXPECT_TRUE(moved[2].links.empty());
    EXPECT_EQ(text_attribute(moved[2].attributes, names::original_parent_id), id_of(9).hex());
    const auto freed = rewrite_chain(moved, std::vector{decision{key_of(orphan), {}, {}}}, one.trace);
    EXPECT_EQ(freed[2].parent, id_of(9));
    EXPECT_EQ(find_attribute(freed[2].attributes, names::link_source), nullptr);
}

TEST(RewriteChain, TellsSpansApartWhoseTracesCountedAlike) {
    std::vector<span_data> spans;
    std::vector<decision> decisions;
    for (std::uint64_t trace = 1; trace <= 3; ++trace) {
        spans.push_back(span_of("a", server, trace, 1, 0, 0, 10));
        spans.push_back(span_of("a", client, trace, 2, 1, 1, 5));
        spans.push_back(span_of("b", server, trace, 3, 2, 2, 3));
        spans.back().links.push_back({trace_of(trace), id_of(1), {}, {}, 0, 0});
        if (trace > 1) decisions.push_back(caused(spans[3 * trace - 3], spans[3 * trace - 4]));
    }
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        std::vector<std::size_t> order{0, 1, 2, 3, 4, 5, 6, 7, 8};
        if (seed > 0) order = shuffled(order, seed);
        std::vector<span_data> input;
        for (auto each : order) input.push_back(spans[each]);
        const auto out = rewritten(input, decisions, trace_of(1));
        std::map<std::size_t, span_data> by_place;
        std::set<span_id> ids;
        for (std::size_t i = 0; i < 9; ++i) {
            by_place[order[i]] = out[i];
            ids.insert(out[i].span);
        }
        EXPECT_EQ(ids.size(), 9u);
        for (std::size_t i = 1; i < 9; ++i) EXPECT_EQ(by_place[i].parent, by_place[i - 1].span) << i;
        for (std::size_t i = 2; i < 9; i += 3) EXPECT_EQ(by_place[i].links[0].span, by_place[i - 2].span);
        EXPECT_EQ(by_place[0].span, id_of(1));
        EXPECT_EQ(text_attribute(by_place[3].attributes, names::original_span_id), id_of(1).hex());
        for (const auto& each : out) EXPECT_EQ(fault(each), "");
    }
}

TEST(RewriteChain, NamesDuplicatesAndKeepsThemApart) {
    const auto first = span_of("a", server, 1, 1, 0, 0, 10);
    auto other = span_of("a", server, 1, 1, 0, 5, 10);
    other.name = "another";
    const auto out = rewritten({other, first, first}, {}, first.trace);
    EXPECT_EQ(out[1].span, first.span);
    EXPECT_EQ(fault(out[1]), "");
    EXPECT_EQ(fault(out[0]), "duplicate id");
    EXPECT_EQ(fault(out[2]), "duplicate id");
    EXPECT_EQ((std::set<span_id>{out[0].span, out[1].span, out[2].span}).size(), 3u);
}

TEST(RewriteChain, TakesAClientAndAServerOfOneIdForNoDuplicates) {
    const auto calls = span_of("a", client, 1, 1, 0, 0, 10), answers = span_of("b", server, 1, 1, 0, 1, 5);
    for (const auto& each : rewritten({calls, answers}, {}, calls.trace)) {
        EXPECT_EQ(each.span, calls.span);
        EXPECT_EQ(fault(each), "");
    }
}

TEST(RewriteChain, NamesTimesThatCannotBe) {
    auto good = span_of("a", server, 1, 1, 0, 0, 10), backwards = span_of("a", client, 1, 2, 1, 5, 1);
    backwards.end_unix_ns = backwards.start_unix_ns - 1;
    auto none = span_of("a", client, 1, 3, 1, 5, 1), beyond = none, later = none;
    none.start_unix_ns = 0;
    beyond.span = id_of(4);
    beyond.end_unix_ns = UINT64_MAX;
    later.span = id_of(5);
    later.start_unix_ns += 3ULL * 366 * 24 * 3600 * 1'000'000'000;
    later.end_unix_ns = later.start_unix_ns + 1;
    const auto out = rewritten({good, good, backwards, none, beyond, later}, {}, good.trace);
    EXPECT_EQ(fault(out[0]), "");
    for (std::size_t i = 2; i < out.size(); ++i) EXPECT_EQ(fault(out[i]), "impossible times") << i;
}

TEST(RewriteChain, CutsCirclesOfParentsAndNamesThem) {
    const auto a = span_of("a", internal, 1, 1, 3, 5, 10), b = span_of("a", internal, 1, 2, 1, 3, 10),
               c = span_of("a", internal, 1, 3, 2, 9, 10), hangs = span_of("a", internal, 1, 4, 3, 9, 10),
               own = span_of("a", internal, 1, 5, 5, 0, 1);
    const auto out = rewritten({hangs, a, b, c, own}, {}, a.trace);
    EXPECT_FALSE(out[2].parent.valid()) << "the earliest of the circle";
    EXPECT_EQ(fault(out[2]), "cycle of parents");
    EXPECT_EQ(text_attribute(out[2].attributes, names::original_parent_id), id_of(1).hex());
    EXPECT_EQ(out[1].parent, c.span);
    EXPECT_EQ(fault(out[1]) + fault(out[0]) + fault(out[3]), "");
    EXPECT_EQ(fault(out[4]), "cycle of parents");
}

TEST(RewriteChain, GivesUpAnInferredParentThatWouldCloseACircle) {
    const auto root = span_of("a", client, 1, 1, 0, 0, 10), below = span_of("b", server, 1, 2, 1, 1, 5);
    const auto out = rewritten({root, below}, {caused(root, below)}, root.trace);
    EXPECT_FALSE(out[0].parent.valid());
    EXPECT_EQ(find_attribute(out[0].attributes, names::link_source), nullptr);
    EXPECT_EQ(fault(out[0]), "");
}

TEST(RewriteChain, NamesAChainOfVeryManySpansInItsRoot) {
    std::vector<span_data> spans{span_of("a", server, 1, 1, 0, 0, 10)};
    for (std::uint64_t i = 2; i < many_spans + 3; ++i) spans.push_back(span_of("a", internal, 1, i, i - 1, 1, 1));
    const auto out = rewrite_chain(std::move(spans), {}, trace_of(1));
    EXPECT_EQ(fault(out[0]), "too many spans");
    EXPECT_EQ(fault(out[1]), "");
}

TEST(StitchAll, MakesOneChainOfTracesThatBelongTogether) {
    const auto send = about(span_of("a", producer, 1, 1, 0, 0, 1), "send", "orders", 40);
    const auto process = about(span_of("b", consumer, 2, 2, 0, 9, 1), "process", "orders", 40);
    const auto apart = span_of("z", server, 3, 3, 0, -5, 1);
    const auto chains = stitch_all({process, apart, send});
    ASSERT_EQ(chains.size(), 2u);
    EXPECT_EQ(chains[0].size(), 1u) << "the earliest first";
    ASSERT_EQ(chains[1].size(), 2u);
    for (const auto& each : chains[1]) {
        EXPECT_EQ(each.trace, send.trace);
        EXPECT_EQ(each.parent, each.kind == consumer ? send.span : span_id{});
    }
}

TEST(StitchAll, ChangesNothingInWhatItHasStitched) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 1; i <= 20; ++i) {
        const auto at = static_cast<double>(100 * i);
        spans.push_back(about(span_of("a", producer, 10 * i, 1, 0, at, 1), "send", "t", static_cast<std::int64_t>(i)));
        spans.push_back(
            about(span_of("b", consumer, 10 * i + 1, 2, 0, at + 5, 9), "process", "t", static_cast<std::int64_t>(i)));
        spans.push_back(span_of("b", client, 10 * i + 2, 3, 0, at + 7, 2));
        spans.push_back(span_of("c", server, 10 * i + 2, 4, 3, at + 8, 1));
    }
    const auto once = stitch_all(spans);
    std::vector<span_data> all;
    for (const auto& chain : once) all.insert(all.end(), chain.begin(), chain.end());
    const auto twice = stitch_all(all);
    ASSERT_EQ(once.size(), twice.size());
    for (std::size_t i = 0; i < once.size(); ++i) {
        ASSERT_EQ(once[i].size(), twice[i].size());
        for (std::size_t j = 0; j < once[i].size(); ++j) EXPECT_TRUE(same_span(once[i][j], twice[i][j]));
    }
}

TEST(StripCaptured, TakesOutWhatIsOnlyForTheStitcher) {
    auto span = echoing(with(span_of("a", server, 1, 1, 0, 0, 1), "kept", "x"), {1, 2});
    strip_captured(span);
    ASSERT_EQ(span.attributes.size(), 1u);
    EXPECT_EQ(span.attributes[0].key, "kept");
}

}  // namespace
}  // namespace outrider::tracing
