#include "sidecar/tools/linked_traces.hpp"

#include <atomic>
#include <set>

#include <gmock/gmock.h>

#include "sidecar/collector/collector_routes.hpp"
#include "sidecar/net/http_server.hpp"
#include "tests/unit/tracing/sample_spans.hpp"

namespace outrider::tools {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using tracing::span_data;
using tracing::span_kind;

constexpr std::uint64_t ms = 1'000'000, epoch = 1'700'000'000'000 * ms;

span_data make(std::uint8_t trace, std::uint8_t id, std::uint8_t parent, std::string service, std::string name,
               span_kind kind, std::uint64_t at_ms) {
    span_data span;
    span.trace = tracing::sample_trace(trace);
    span.span = tracing::sample_span_id(id);
    if (parent != 0) span.parent = tracing::sample_span_id(parent);
    span.name = std::move(name);
    span.kind = kind;
    span.start_unix_ns = epoch + at_ms * ms;
    span.end_unix_ns = span.start_unix_ns + ms;
    span.origin = tracing::sample_origin(std::move(service));
    const auto space = span.name.find(' ');
    if (space == std::string::npos) return span;
    const auto operation = span.name.starts_with("poll") ? "receive" : span.name.substr(0, space);
    span.attributes = {tracing::text("messaging.operation.type", operation),
                       tracing::text("messaging.destination.name", span.name.substr(space + 1))};
    return span;
}

void link(span_data& from, const span_data& to) { from.links.push_back({to.trace, to.span, {}, {}, 0, 0}); }

net::http_server_options loopback() {
    net::http_server_options options;
    options.listen = {"127.0.0.1", 0};
    return options;
}

/// A collector on a socket that counts what it is asked.
class LinkedTraces : public testing::Test {
  protected:
    void have(std::vector<span_data> spans) { store.add(std::move(spans)); }

    /// The first bytes of the ids of the traces that are fetched when this one is asked for.
    std::set<int> asking_for(std::uint8_t trace, const linked_limits& limits = {}) {
        trace_source source{*parse_base_url("http://" + server.address())};
        auto asked = source.by_id(tracing::sample_trace(trace).hex());
        EXPECT_TRUE(asked);
        requests = 0;
        std::set<int> found;
        const auto spans = with_linked(source, *asked, limits);
        EXPECT_EQ(spans.front().trace, tracing::sample_trace(trace)) << "what was asked for comes first";
        for (const auto& span : spans) found.insert(span.trace.bytes[0]);
        return found;
    }

    collector::trace_store store{{}};
    collector::chain_pipeline pipeline{
        store, {}, nullptr, nullptr, {[] { return std::int64_t{1}; }, [] { return std::int64_t{1}; }}};
    collector::collector_routes routes{store, pipeline, {}, [] { return std::uint64_t{0}; }};
    std::atomic<int> requests{0};
    net::http_server server{loopback(), [this](const net::server_request& request) {
                                ++requests;
                                return routes.handle(request);
                            }};
};

/// orders sends to `placed`; where records carry a derived context, an anchor in trace 2 ties it to stock's process.
std::vector<span_data> derived() {
    std::vector<span_data> spans{make(1, 1, 0, "orders", "POST", span_kind::server, 0),
                                 make(1, 2, 1, "orders", "send placed", span_kind::producer, 1),
                                 make(2, 9, 0, "orders", "send placed", span_kind::producer, 1),
                                 make(2, 3, 9, "stock", "process placed", span_kind::consumer, 20)};
    spans[2].attributes.push_back({"outrider.anchor", tracing::attribute_value{true}});
    link(spans[1], spans[2]);
    link(spans[2], spans[1]);
    link(spans[3], spans[2]);
    return spans;
}

TEST_F(LinkedTraces, AsksNothingMoreForATraceWithoutMessages) {
    have({make(1, 1, 0, "a", "GET", span_kind::server, 0), make(2, 1, 0, "a", "GET", span_kind::server, 0)});
    EXPECT_THAT(asking_for(1), ElementsAre(1));
    EXPECT_EQ(requests, 0);
}

TEST_F(LinkedTraces, FollowsLinksFromBothSidesOfADerivedTopic) {
    have(derived());
    EXPECT_THAT(asking_for(1), ElementsAre(1, 2));
    EXPECT_THAT(asking_for(2), ElementsAre(1, 2));
}

TEST_F(LinkedTraces, FindsThePollThatTookTheRecordsAndNotItsOtherProducers) {
    have(derived());
    const auto other = make(7, 1, 0, "orders", "send placed", span_kind::producer, 5);
    auto poll = make(3, 1, 0, "stock", "poll placed", span_kind::client, 3);
    link(poll, derived()[2]);
    link(poll, other);
    have({other, poll});
    EXPECT_THAT(asking_for(1), ElementsAre(1, 2, 3));
    EXPECT_THAT(asking_for(3), ElementsAre(1, 2, 3)) << "the poll itself was asked for";
}

TEST_F(LinkedTraces, FindsThePollAmongManyThatTookOtherRecords) {
    have(derived());
    for (std::uint8_t i = 100; i < 200; ++i) have({make(i, 1, 0, "stock", "poll placed", span_kind::client, i)});
    auto poll = make(3, 1, 0, "stock", "poll placed", span_kind::client, 3);
    link(poll, derived()[2]);
    have({poll});
    EXPECT_THAT(asking_for(1), ElementsAre(1, 2, 3));
}

TEST_F(LinkedTraces, FindsThePollOfADerivedTopicAmongManyLaterOnes) {
    have({make(2, 9, 0, "orders", "send placed", span_kind::client, 1)});
    for (std::uint8_t i = 100; i < 200; ++i) {
        auto later = make(i, 1, 0, "stock", "poll placed", span_kind::client, 1'500);
        later.start_unix_ns += i * 1'000 * ms;
        have({later});
    }
    auto poll = make(3, 1, 0, "stock", "poll placed", span_kind::client, 20);
    link(poll, make(2, 9, 0, "", "", span_kind::client, 1));
    have({poll});
    EXPECT_THAT(asking_for(2), ElementsAre(2, 3));
    EXPECT_THAT(asking_for(3), ElementsAre(2, 3));
}

TEST_F(LinkedTraces, FindsWhoTookRecordsInATraceOfItsOwnAndWhatCameOfIt) {
    have({make(1, 1, 0, "orders", "send placed", span_kind::producer, 0)});
    auto handled = make(2, 1, 0, "mailer", "process placed", span_kind::consumer, 500);
    auto sent = make(2, 2, 1, "mailer", "send mailed", span_kind::producer, 600);
    auto archived = make(4, 1, 0, "archive", "process mailed", span_kind::consumer, 900);
    link(handled, make(1, 1, 0, "orders", "send placed", span_kind::producer, 0));
    link(archived, sent);
    auto stranger = make(5, 1, 0, "mailer", "process placed", span_kind::consumer, 500);
    link(stranger, make(6, 1, 0, "orders", "send placed", span_kind::producer, 0));
    have({handled, sent, archived, stranger});
    EXPECT_THAT(asking_for(1), ElementsAre(1, 2, 4));
}

TEST_F(LinkedTraces, StaysWithinItsBounds) {
    auto send = make(1, 1, 0, "stock", "send placed", span_kind::client, 3);
    for (std::uint8_t i = 10; i < 60; ++i) {
        have({make(i, 1, 0, "orders", "send t" + std::to_string(i), span_kind::producer, 0),
              make(i, 2, 1, "s" + std::to_string(i), "GET", span_kind::client, 0)});
        link(send, make(i, 1, 0, "orders", "", span_kind::producer, 0));
    }
    have({send});
    EXPECT_THAT(asking_for(1), SizeIs(17));
    EXPECT_LE(requests, 16);
    EXPECT_THAT(asking_for(1, {3, 2}), SizeIs(4));
    EXPECT_THAT(asking_for(10, {16, 7}), SizeIs(1));
    EXPECT_LE(requests, 7 + 1) << "the names of services are asked for once";
}

TEST_F(LinkedTraces, LeavesOutWhatIsNotThereAndEndsWhereLinksGoInACircle) {
    auto one = make(1, 1, 0, "a", "GET", span_kind::server, 0);
    auto two = make(2, 1, 0, "b", "GET", span_kind::server, 0);
    link(one, two);
    link(one, make(9, 1, 0, "c", "GET", span_kind::server, 0));
    link(two, one);
    have({one, two});
    EXPECT_THAT(asking_for(1), ElementsAre(1, 2));
}

TEST_F(LinkedTraces, EscapesWhatItSearchesFor) {
    const std::string topic = "a\"&b}";
    have({make(1, 1, 0, "a&b=c", "send " + topic, span_kind::producer, 0)});
    auto taker = make(2, 1, 0, "a&b=c", "process " + topic, span_kind::consumer, 0);
    link(taker, make(1, 1, 0, "", "", span_kind::producer, 0));
    have({taker});
    EXPECT_THAT(asking_for(1), ElementsAre(1, 2));
}

}  // namespace
}  // namespace outrider::tools
