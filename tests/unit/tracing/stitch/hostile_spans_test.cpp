#include "tests/unit/tracing/stitch/hostile_spans.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/chain_groups.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/stitch/stitcher.hpp"

namespace outrider::test {
namespace {

using tracing::span_data;
using tracing::span_key;
using tracing::trace_id;

std::vector<span_data> traffic(std::uint64_t seed, const char* kind, std::size_t requests = 40) {
    generator_options options;
    options.seed = seed;
    options.rate = 60;
    options.requests = requests;
    options.echo = options.keys = options.inbound_open = seed % 2 == 0;
    std::vector<span_data> out;
    for (auto& each : generate(traffic_class_named(kind), options).spans) out.push_back(std::move(each.span));
    return out;
}

/// Takes whatever is decided into groups and keeps the last word on each root.
struct listener {
    std::map<span_key, tracing::decision> last;
    tracing::chain_groups groups;
    void hear(const std::vector<tracing::decision>& decisions) {
        for (const auto& each : decisions) {
            EXPECT_LE(each.alternatives.size(), 4u);
            EXPECT_GE(each.cause.confidence, 0);
            EXPECT_LE(each.cause.confidence, 1);
            EXPECT_NE(each.root, each.cause.cause) << "nothing is its own cause";
            groups.apply(each);
            last.insert_or_assign(each.root, each);
        }
    }
};

/// What has no ids is no span, and not counted.
bool has_ids(const span_data& span) { return span.trace.valid() && span.span.valid(); }

void expect_balanced(const tracing::stitcher& stitcher, std::size_t told) {
    const auto counters = stitcher.counters();
    EXPECT_EQ(counters.added, told);
    EXPECT_EQ(counters.held + counters.forgotten, counters.added - counters.duplicates);
}

std::string told(const span_data& span) {
    auto out = "\n" + span.name + " " + span.trace.hex() + " " + span.span.hex() + " below " + span.parent.hex() + "\n";
    for (const auto& each : span.attributes)
        if (each.key.starts_with("chain."))
            out += "  " + each.key + " " + std::string{tracing::text_attribute(span.attributes, each.key)} + "\n";
    for (const auto& each : span.links) {
        out += "  link " + each.trace.hex() + " " + each.span.hex();
        for (const auto& said : each.attributes) out += " " + said.key;
        out += "\n";
    }
    return out;
}

/// No parent among the spans is below its child: each span's way up ends. A client and a server may share an id; then
/// the client is outside.
void expect_no_circle(const std::vector<span_data>& chain) {
    std::map<std::pair<tracing::span_id, bool>, std::size_t> places;
    const auto receives = [](const span_data& span) {
        return span.kind == tracing::span_kind::server || span.kind == tracing::span_kind::consumer;
    };
    for (std::size_t i = 0; i < chain.size(); ++i) places.emplace(std::pair{chain[i].span, receives(chain[i])}, i);
    const auto above = [&](const span_data& span) {
        auto found = receives(span) ? places.find({span.span, false}) : places.end();
        for (bool inside : {true, false})
            if (found == places.end() && span.parent.valid()) found = places.find({span.parent, inside});
        return found == places.end() ? chain.size() : found->second;
    };
    std::vector<std::size_t> walked_from(chain.size() + 1, chain.size());
    for (std::size_t from = 0; from < chain.size(); ++from) {
        auto at = from;
        for (; at < chain.size() && walked_from[at] == chain.size(); at = above(chain[at])) walked_from[at] = from;
        ASSERT_FALSE(at < chain.size() && walked_from[at] == from) << "a circle through " << told(chain[at]);
    }
}

/// The order of attributes says nothing.
void in_order(span_data& span) {
    std::stable_sort(span.attributes.begin(), span.attributes.end(),
                     [](const auto& a, const auto& b) { return a.key < b.key; });
}

class HostileSpans : public ::testing::TestWithParam<int> {
  protected:
    std::uint64_t seed() const { return 30'000 + static_cast<std::uint64_t>(GetParam()); }
    std::vector<span_data> spoilt(double share) {
        const char* kinds[] = {"mixed", "kafka", "fan-out", "joins", "forwarding 0.6"};
        return spoiler{seed()}.spoil(traffic(seed(), kinds[seed() % std::size(kinds)]), share);
    }
};

TEST_P(HostileSpans, AreAddedUpAndLeaveTheGroupsConsistent) {
    const auto spans = spoilt(0.3);
    tracing::stitcher stitcher;
    listener heard;
    std::int64_t now = 1;
    std::size_t told = 0, fed = 0;
    for (const auto& each : spans) {
        stitcher.add(each, now += 1'000'000);
        told += has_ids(each);
        if (++fed % 50 != 0) continue;
        heard.hear(stitcher.advance(now));
        expect_balanced(stitcher, told);
    }
    heard.hear(stitcher.advance(now + 5'000'000'000));
    heard.hear(stitcher.finish());
    expect_balanced(stitcher, told);
    for (const auto& each : spans) {
        const auto chain = heard.groups.chain_of(each.trace);
        const auto all = heard.groups.traces_of(each.trace);
        EXPECT_EQ(std::count(all.begin(), all.end(), each.trace), 1);
        EXPECT_EQ(std::count(all.begin(), all.end(), chain), 1);
        for (const auto& one : all) EXPECT_EQ(heard.groups.chain_of(one), chain);
    }
    for (const auto& each : spans) heard.groups.forget(each.trace);
}

TEST_P(HostileSpans, AreRewrittenEachExactlyOnceAndTheSecondTimeNotAtAll) {
    auto spans = spoilt(0.3);
    tracing::stitcher stitcher;
    listener heard;
    for (const auto& each : spans) stitcher.add(each, 1);
    heard.hear(stitcher.finish());
    std::map<trace_id, std::vector<span_data>> chains;
    for (auto& each : spans) chains[heard.groups.chain_of(each.trace)].push_back(std::move(each));
    std::vector<tracing::decision> decisions;
    for (const auto& [root, decision] : heard.last) decisions.push_back(decision);
    for (auto& [chain, of] : chains) {
        auto once = tracing::rewrite_chain(of, decisions, chain);
        ASSERT_EQ(once.size(), of.size());
        for (std::size_t i = 0; i < of.size(); ++i) {
            EXPECT_EQ(once[i].trace, chain);
            EXPECT_EQ(once[i].name, of[i].name) << "order stays";
            EXPECT_EQ(once[i].start_unix_ns, of[i].start_unix_ns);
        }
        expect_no_circle(once);
        auto twice = tracing::rewrite_chain(once, decisions, chain);
        ASSERT_EQ(twice.size(), once.size());
        for (std::size_t i = 0; i < once.size(); ++i) {
            in_order(once[i]);
            in_order(twice[i]);
            EXPECT_TRUE(tracing::same_span(once[i], twice[i])) << told(once[i]) << "became" << told(twice[i]);
        }
    }
}

TEST_P(HostileSpans, ComeOutOfStitchingFilesEachExactlyOnce) {
    const auto spans = spoilt(0.5);
    std::multiset<std::tuple<std::string, std::uint64_t, std::uint64_t>> in, out;
    for (const auto& each : spans) in.emplace(each.name, each.start_unix_ns, each.end_unix_ns);
    std::set<trace_id> names;
    for (const auto& chain : tracing::stitch_all(spans)) {
        ASSERT_FALSE(chain.empty());
        EXPECT_TRUE(names.insert(chain.front().trace).second) << "two chains of one name";
        expect_no_circle(chain);
        for (const auto& each : chain) {
            EXPECT_EQ(each.trace, chain.front().trace);
            out.emplace(each.name, each.start_unix_ns, each.end_unix_ns);
        }
    }
    EXPECT_EQ(in, out);
}

TEST_P(HostileSpans, StayWithinTheMemoryTheyAreGiven) {
    tracing::stitch_options options;
    options.memory_bytes = 256 << 10;
    tracing::stitcher stitcher{options};
    listener heard;
    std::int64_t now = 1;
    std::size_t told = 0, fed = 0;
    for (int again = 0; again < 4; ++again) {
        for (const auto& each : spoiler{seed() + static_cast<std::uint64_t>(again)}.spoil(
                 traffic(seed() + static_cast<std::uint64_t>(again) * 100, "mixed", 80), 0.3)) {
            stitcher.add(each, now += 100'000);
            told += has_ids(each);
            if (++fed % 20 != 0) continue;
            heard.hear(stitcher.advance(now));
            // Memory comes back in blocks of 64 KiB, and what a step learnt is paid for by the next spans.
            EXPECT_LE(stitcher.counters().bytes, options.memory_bytes + (128 << 10));
        }
    }
    expect_balanced(stitcher, told);
    EXPECT_GT(stitcher.counters().forgotten, 0u);
    EXPECT_GT(stitcher.counters().held, 50u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HostileSpans, ::testing::Range(0, 4));

span_data one_of_many(std::uint64_t i, const trace_id& trace) {
    span_data out;
    out.trace = trace;
    out.span.bytes = {1,
                      0,
                      0,
                      0,
                      static_cast<std::uint8_t>(i >> 24),
                      static_cast<std::uint8_t>(i >> 16),
                      static_cast<std::uint8_t>(i >> 8),
                      static_cast<std::uint8_t>(i)};
    out.name = "one";
    out.kind = i % 2 == 0 ? tracing::span_kind::server : tracing::span_kind::client;
    out.start_unix_ns = 1'790'000'000'000'000'000 + i * 1000;
    out.end_unix_ns = out.start_unix_ns + 1'000'000;
    return out;
}

/// Everything is done to them that is done to spans.
void expect_survived(const std::vector<span_data>& spans) {
    std::size_t out = 0;
    for (const auto& chain : tracing::stitch_all(spans)) out += chain.size();
    EXPECT_EQ(out, spans.size());
}

constexpr std::uint64_t very_many = 20'000;

TEST(VeryManySpans, OfOneTraceInARow) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 0; i < very_many; ++i) {
        spans.push_back(one_of_many(i, {{1}}));
        if (i > 0) spans.back().parent = spans[i - 1].span;
    }
    expect_survived(spans);
}

TEST(VeryManySpans, OfOneTraceInACircle) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 0; i < very_many; ++i) {
        spans.push_back(one_of_many(i, {{1}}));
        spans.back().parent = one_of_many((i + 1) % very_many, {{1}}).span;
    }
    expect_survived(spans);
}

TEST(VeryManySpans, OfOneId) {
    std::vector<span_data> spans;
    for (std::uint64_t i = 0; i < very_many / 2; ++i) {
        spans.push_back(one_of_many(i, {{1}}));
        spans.back().span = {{7}};
        spans.back().parent = {{7}};
    }
    expect_survived(spans);
}

TEST(VeryManySpans, ThatAllNameOneCause) {
    std::vector<span_data> spans;
    tracing::id_generator ids{6};
    spans.push_back(one_of_many(0, {{1}}));
    for (std::uint64_t i = 1; i < very_many / 2; ++i) {
        spans.push_back(one_of_many(i, ids.new_trace_id()));
        spans.back().links.push_back({spans[0].trace, spans[0].span, {}, {}, 0, 0});
    }
    expect_survived(spans);
}

TEST(VeryManySpans, EachLinkedToTheOneBefore) {
    std::vector<span_data> spans;
    tracing::id_generator ids{6};
    spans.push_back(one_of_many(0, {{1}}));
    for (std::uint64_t i = 1; i < very_many / 2; ++i) {
        spans.push_back(one_of_many(i, ids.new_trace_id()));
        spans.back().links.push_back({spans[i - 1].trace, spans[i - 1].span, {}, {}, 0, 0});
    }
    expect_survived(spans);
}

TEST(VeryManySpans, OfAsManyServicesAndNames) {
    std::vector<span_data> spans;
    tracing::id_generator ids{8};
    for (std::uint64_t i = 0; i < very_many / 10; ++i) {
        spans.push_back(one_of_many(i, ids.new_trace_id()));
        spans.back().name = "name-" + std::to_string(i);
        auto origin = std::make_shared<tracing::span_origin>();
        origin->resource.attributes.push_back(
            {"service.name", tracing::attribute_value{"service-" + std::to_string(i / 2)}});
        spans.back().origin = std::move(origin);
    }
    tracing::stitch_options options;
    options.memory_bytes = 4 << 20;
    tracing::stitcher stitcher{options};
    for (std::size_t i = 0; i < spans.size(); ++i) {
        stitcher.add(spans[i], static_cast<std::int64_t>(i) * 100'000);
        if (i % 1000 == 0) stitcher.advance(static_cast<std::int64_t>(i) * 100'000);
    }
    stitcher.finish();
    const auto counters = stitcher.counters();
    EXPECT_EQ(counters.held + counters.forgotten, spans.size());
    expect_survived(spans);
}

TEST(VeryLongSpans, AreNotCopiedWhole) {
    auto one = one_of_many(1, {{1}});
    one.name.assign(1 << 20, 'n');
    one.attributes.push_back({"url.full", tracing::attribute_value{std::string(1 << 20, 'u')}});
    one.attributes.push_back({"url.path", tracing::attribute_value{"/" + std::string(1 << 20, '/')}});
    one.attributes.push_back(
        {"outrider.echo", tracing::attribute_value{tracing::byte_string{std::string(1 << 20, 'e')}}});
    one.attributes.push_back({"chain.correlation_id", tracing::attribute_value{std::string(1 << 20, 'c')}});
    one.tracestate.assign(1 << 20, ',');
    tracing::stitcher stitcher;
    tracing::id_generator ids{5};
    for (int i = 0; i < 64; ++i) {
        one.trace = ids.new_trace_id();
        one.name.back() = static_cast<char>('a' + i % 26);
        stitcher.add(one, i);
    }
    stitcher.finish();
    EXPECT_EQ(stitcher.counters().held, 64u);
    EXPECT_LT(stitcher.counters().bytes, 1u << 20);
}

}  // namespace
}  // namespace outrider::test
