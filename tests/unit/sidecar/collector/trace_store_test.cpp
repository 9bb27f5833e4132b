#include "sidecar/collector/trace_store.hpp"

#include <thread>

#include <gmock/gmock.h>

#include "tests/unit/sidecar/collector/spans.hpp"

namespace outrider::collector {
namespace {

using test::from_service;
using test::span;
using test::trace_number;
using testing::ElementsAre;
using testing::IsEmpty;

/// received = stored + replaced + evicted + dropped
void expect_that_counters_add_up(const trace_store& store) {
    const auto now = store.counters();
    EXPECT_EQ(now.received, now.stored + now.replaced + now.evicted + now.dropped);
    EXPECT_EQ(now.stored + now.evicted, now.waiting + now.settled + now.unsettled_evicted);
}

trace_query of_service(std::string service) {
    trace_query query;
    query.service = std::move(service);
    return query;
}

std::vector<tracing::trace_id> ids_of(const found_traces& found) {
    std::vector<tracing::trace_id> ids;
    for (const auto& one : found.traces) ids.push_back(one.id);
    return ids;
}

/// What the first trace's span came of: the other's.
tracing::decision link(std::uint32_t trace, std::uint32_t cause) {
    tracing::decision known;
    known.root = {trace_number(trace), test::span_number(trace)};
    known.cause = {{trace_number(cause), test::span_number(cause)}, tracing::link_source::context, 1};
    return known;
}

constexpr std::uint64_t plenty = 1 << 30;

TEST(TraceStore, GivesBackTheSpansOfATraceInOrderOfArrival) {
    trace_store store{{}};
    store.add({span(1, 10), span(2, 20)});
    store.add({span(1, 5)});
    const auto found = store.find(trace_number(1));
    ASSERT_EQ(found.spans.size(), 2u);
    EXPECT_TRUE(same_span(found.spans[0], span(1, 10)));
    EXPECT_TRUE(same_span(found.spans[1], span(1, 5)));
    EXPECT_THAT(store.find(trace_number(3)).spans, IsEmpty());
    EXPECT_EQ(store.counters().traces, 2u);
}

TEST(TraceStore, ReplacesASpanThatIsDeliveredAgain) {
    trace_store store{{}};
    store.add({span(1, 10), span(1, 11)});
    const auto bytes = store.counters().bytes;
    store.add({span(1, 10), span(1, 11)});
    EXPECT_NEAR(static_cast<double>(store.counters().bytes), static_cast<double>(bytes), 200);
    store.add({span(1, 10, "renamed")});
    const auto found = store.find(trace_number(1));
    ASSERT_EQ(found.spans.size(), 2u);
    EXPECT_EQ(found.spans[0].name, "GET /orders");
    EXPECT_EQ(found.spans[1].name, "renamed") << "in order of arrival";
    EXPECT_THAT(found.spans[0].attributes, IsEmpty());
    EXPECT_EQ(tracing::text_attribute(found.spans[1].attributes, "chain.fault"), "duplicate id");
    EXPECT_EQ(store.counters().replaced, 3u);
    EXPECT_THAT(store.operations("orders"), ElementsAre(operation{"GET /orders", tracing::span_kind::server},
                                                        operation{"renamed", tracing::span_kind::server}));
    expect_that_counters_add_up(store);
}

TEST(TraceStore, KeepsEqualSpanIdsOfDifferentTracesApart) {
    trace_store store{{}};
    store.add({span(1, 10), span(2, 10)});
    EXPECT_EQ(store.counters().stored, 2u);
}

TEST(TraceStore, EvictsTheTraceThatGotNoSpanForTheLongestTime) {
    trace_store store{{plenty, plenty, 2}};
    store.add({span(1, 1)});
    store.add({span(2, 2)});
    store.add({span(1, 3)});
    store.add({span(3, 4)});
    EXPECT_EQ(store.find(trace_number(1)).spans.size(), 2u);
    EXPECT_THAT(store.find(trace_number(2)).spans, IsEmpty());
    EXPECT_EQ(store.counters().evicted_traces, 1u);
    EXPECT_EQ(store.counters().evicted, 1u);
    expect_that_counters_add_up(store);
}

TEST(TraceStore, LetsAChainOfVeryManyTracesGoAtOnce) {
    constexpr std::uint32_t count = 20'000;
    trace_store store{{plenty, plenty, count + 10}};
    std::vector<tracing::decision> links;
    for (std::uint32_t i = 1; i <= count; ++i) {
        store.add({span(i, i)});
        if (i > 1) links.push_back(link(i, i - 1));
    }
    store.apply(links);
    ASSERT_EQ(store.chain(trace_number(7)).traces.size(), count);
    // Its first trace is the oldest of all, and its last one is not: neither of them is looked for by each of the
    // others.
    for (std::uint32_t i = 1; i <= 9; ++i) store.add({span(count + i, count + i)});
    store.add({span(count, count + 1)});
    store.add({span(count + 10, count + 10), span(count + 11, count + 11)});
    EXPECT_THAT(store.find(trace_number(count + 1)).spans, IsEmpty()) << "nothing is older";
    EXPECT_EQ(store.counters().evicted_traces, 1u);
    for (std::uint32_t i = 2; i <= 9; ++i) store.add({span(count + 10 + i, 1)});
    EXPECT_EQ(store.counters().evicted_traces, 9u) << "all that came between the chain's first span and its last";
    store.add({span(count + 30, 1)});
    EXPECT_EQ(store.counters().evicted_traces, 9u + count);
    EXPECT_THAT(store.chain(trace_number(7)).spans, IsEmpty());
    expect_that_counters_add_up(store);
}

TEST(TraceStore, StaysWithinItsBytesWhateverComesIn) {
    const store_limits limits{400'000, 50'000, 1'000'000};
    trace_store store{limits};
    for (std::uint32_t i = 1; i <= 2'000; ++i) {
        auto one = span(i % 300, i, std::string(i % 7'000, 'n'));
        one.attributes.push_back({std::string(i % 100, 'k'), tracing::attribute_value{std::string(i % 3'000, 'v')}});
        store.add({one});
        ASSERT_LE(store.counters().bytes, limits.bytes);
        expect_that_counters_add_up(store);
    }
    EXPECT_GT(store.counters().traces, 5u);
    EXPECT_GT(store.counters().evicted_traces, 100u);
}

TEST(TraceStore, CountsNothingAnymoreWhenEverythingHasGone) {
    trace_store store{{plenty, plenty, 1}};
    store.add({span(1, 1, "a"), span(1, 2, "b"), span(1, 1, "c")});
    store.add({span(2, 3, "d")});
    auto other = span(3, 4, "e");
    other.origin = from_service("stock");
    store.add({other});
    EXPECT_THAT(store.services(), ElementsAre("stock"));
    EXPECT_THAT(store.operations("orders"), IsEmpty());
    trace_store fresh{{plenty, plenty, 1}};
    fresh.add({other});
    const auto own = [](const trace_store& of) { return of.counters().bytes - of.counters().shared_bytes; };
    EXPECT_NEAR(static_cast<double>(own(store)), static_cast<double>(own(fresh)), 200);
}

TEST(TraceStore, BoundsASingleGiantTraceAndCountsWhatItDrops) {
    trace_store store{{1'000'000, 2'000, 100}};
    store.add({span(2, 1)});
    std::uint64_t dropped = 0;
    for (std::uint32_t i = 1; i <= 500; ++i) dropped += store.add({span(1, i)});
    const auto giant = store.find(trace_number(1));
    EXPECT_GT(dropped, 400u);
    EXPECT_EQ(giant.dropped, dropped);
    EXPECT_EQ(giant.spans.size(), 500 - dropped);
    EXPECT_EQ(store.counters().dropped, dropped);
    EXPECT_EQ(store.find(trace_number(2)).spans.size(), 1u) << "it does not push the others out";
    expect_that_counters_add_up(store);
}

TEST(TraceStore, DropsASpanThatAloneIsTooLarge) {
    trace_store store{{100'000, 10'000, 100}};
    EXPECT_EQ(store.add({span(1, 1, std::string(20'000, 'x'))}), 1u);
    EXPECT_THAT(store.services(), IsEmpty());
    expect_that_counters_add_up(store);
}

TEST(TraceStore, ListsServicesAndOperationsInOrder) {
    trace_store store{{}};
    auto client = span(1, 2, "GET");
    client.kind = tracing::span_kind::client;
    auto stock = span(1, 3, "GET /stock");
    stock.origin = from_service("stock");
    store.add({span(1, 1), client, stock, span(2, 4)});
    EXPECT_THAT(store.services(), ElementsAre("orders", "stock"));
    EXPECT_THAT(store.operations("orders"), ElementsAre(operation{"GET", tracing::span_kind::client},
                                                        operation{"GET /orders", tracing::span_kind::server}));
    EXPECT_THAT(store.operations("nobody"), IsEmpty());
}

TEST(TraceStore, FindsTheMostRecentTracesOfAService) {
    trace_store store{{}};
    store.add({span(1, 300), span(2, 100), span(3, 200)});
    auto query = of_service("orders");
    EXPECT_THAT(ids_of(store.search(query, plenty)), ElementsAre(trace_number(1), trace_number(3), trace_number(2)));
    query.limit = 1;
    EXPECT_THAT(ids_of(store.search(query, plenty)), ElementsAre(trace_number(1)));
    EXPECT_THAT(store.search(of_service("stock"), plenty).traces, IsEmpty());
}

TEST(TraceStore, GivesTheWholeTraceOfAMatchingSpan) {
    trace_store store{{}};
    auto stock = span(1, 3, "GET /stock");
    stock.origin = from_service("stock");
    store.add({span(1, 1), stock});
    const auto found = store.search(of_service("stock"), plenty);
    ASSERT_EQ(found.traces.size(), 1u);
    EXPECT_EQ(found.traces[0].spans.size(), 2u);
}

TEST(TraceStore, CutsAnAnswerOffThatWouldBeTooLargeAndSaysSo) {
    trace_store store{{}};
    for (std::uint32_t i = 1; i <= 10; ++i) store.add({span(i, i)});
    const auto one = tracing::memory_of(store.find(trace_number(1)).spans.front());
    const auto three = store.search(of_service("orders"), 3 * one);
    EXPECT_EQ(three.traces.size(), 3u);
    EXPECT_TRUE(three.cut_off);
    EXPECT_EQ(store.search(of_service("orders"), 1).traces.size(), 1u) << "one at least";
    EXPECT_FALSE(store.search(of_service("orders"), 10 * one).cut_off);
}

TEST(TraceStore, TakesSpansWithoutAnOrigin) {
    trace_store store{{}};
    auto one = span(1, 1);
    one.origin = nullptr;
    store.add({one});
    EXPECT_THAT(store.services(), ElementsAre("unknown_service"));
}

TEST(TraceStore, SharesEqualOriginsWithinATrace) {
    trace_store store{{}};
    store.add({span(1, 1)});
    store.add({span(1, 2)});
    const auto found = store.find(trace_number(1));
    EXPECT_EQ(found.spans[0].origin, found.spans[1].origin);
}

TEST(TraceStore, ServesWritersAndReadersAtOnce) {
    trace_store store{{300'000, 30'000, 50}};
    std::thread writers[2];
    for (std::uint32_t w = 0; w < 2; ++w)
        writers[w] = std::thread{[&store, w] {
            for (std::uint32_t i = 1; i <= 500; ++i) store.add({span(i % 70, i * 2 + w)});
        }};
    for (int i = 0; i < 50; ++i) {
        store.find(trace_number(7));
        store.search(of_service("orders"), plenty);
        store.operations("orders");
    }
    for (auto& one : writers) one.join();
    EXPECT_EQ(store.counters().received, 1'000u);
    expect_that_counters_add_up(store);
}

}  // namespace
}  // namespace outrider::collector
