#include "sidecar/exchange/message_tracer.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/exchange/traced.hpp"
#include "tracing/capture/group_capture.hpp"

namespace outrider::exchange {
namespace {

using tracing::span_context;
using tracing::span_data;
using tracing::span_kind;

/// Its parents are traces of its own.
struct traced : traced_by<message_tracer> {
    using traced_by::traced_by;
    span_context parent() { return tracer.root({}); }
};

messaging_facts some_facts() {
    messaging_facts facts;
    facts.topic = "orders";
    facts.partition = 4;
    facts.offset = 1'000;
    facts.messages = 3;
    facts.client_id = "shop-1";
    facts.group = "billing";
    facts.server_address = "broker1";
    facts.server_port = 9092;
    facts.started = steady_clock::now();
    facts.finished = facts.started + std::chrono::milliseconds{5};
    return facts;
}

TEST(MessageTracer, GivesTheSpansOfOneExchangeTheSameTimes) {
    traced t;
    auto facts = some_facts();
    const auto producer = t.parent();
    t.tracer.process(producer, facts);
    t.tracer.poll({&producer, 1}, facts);
    auto spans = t.finished();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans[0].start_unix_ns, spans[1].start_unix_ns)
        << "else the stitcher takes the poll for something of its own";
    EXPECT_EQ(spans[0].end_unix_ns, spans[1].end_unix_ns);
    EXPECT_EQ(spans[0].end_unix_ns - spans[0].start_unix_ns, 5'000'000U);
    facts.finished += std::chrono::milliseconds{1};
    t.tracer.process(producer, facts);
    spans = t.finished();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(spans[0].end_unix_ns - spans[0].start_unix_ns, 6'000'000U) << "another exchange, other times";
}

TEST(MessageTracer, SaysWhatAnOperationWas) {
    traced t;
    auto own = t.tracer.root({});
    t.tracer.send(own, {}, {}, true, some_facts());
    auto span = t.only();
    EXPECT_EQ(span.name, "send orders");
    EXPECT_EQ(span.span, own.span);
    EXPECT_EQ(span.kind, span_kind::producer);
    EXPECT_EQ(text(span, "messaging.system"), "kafka");
    EXPECT_EQ(text(span, "messaging.operation.name"), "send");
    EXPECT_EQ(text(span, "messaging.operation.type"), "send");
    EXPECT_EQ(text(span, "messaging.destination.name"), "orders");
    EXPECT_EQ(text(span, "messaging.destination.partition.id"), "4") << "a string";
    EXPECT_EQ(text(span, "messaging.consumer.group.name"), "billing");
    EXPECT_EQ(text(span, "messaging.client.id"), "shop-1");
    EXPECT_EQ(text(span, "server.address"), "broker1");
    EXPECT_EQ(number(span, "server.port"), 9092);
    EXPECT_EQ(number(span, "messaging.kafka.offset"), 1'000);
    EXPECT_EQ(number(span, "messaging.batch.message_count"), 3);
    EXPECT_EQ(span.status, tracing::status_code::unset);
    EXPECT_EQ(tracing::duration_ns(span), 5'000'000U);
}

TEST(MessageTracer, LeavesOutWhatIsNotKnown) {
    traced t;
    messaging_facts facts;
    facts.topic = "orders";
    facts.messages = 1;
    t.tracer.commit(facts);
    auto span = t.only();
    EXPECT_EQ(span.attributes.size(), 4U) << "system, operation name and type, destination";
}

TEST(MessageTracer, NamesErrors) {
    traced t;
    auto facts = some_facts();
    facts.error = "NOT_LEADER_OR_FOLLOWER";
    t.tracer.send(t.tracer.root({}), {}, {}, true, facts);
    auto span = t.only();
    EXPECT_EQ(span.status, tracing::status_code::error);
    EXPECT_EQ(text(span, "error.type"), "NOT_LEADER_OR_FOLLOWER");
}

TEST(MessageTracer, SendsAsAClientWhereTheContextIsNotInTheMessages) {
    traced t;
    auto parent = t.parent(), link = t.parent();
    auto own = t.tracer.below(parent, {});
    EXPECT_EQ(own.trace, parent.trace);
    EXPECT_NE(own.span, parent.span);
    t.tracer.send(own, parent.span, link, false, some_facts());
    auto span = t.only();
    EXPECT_EQ(span.kind, span_kind::client);
    EXPECT_EQ(span.parent, parent.span);
    ASSERT_EQ(span.links.size(), 1U);
    EXPECT_EQ(span.links[0].span, link.span);
}

TEST(MessageTracer, MarksAnchors) {
    traced t;
    auto own = t.tracer.root({}), link = t.parent();
    t.tracer.anchor(own, link, some_facts());
    auto span = t.only();
    EXPECT_FALSE(span.parent.valid());
    const auto* mark = tracing::find_attribute(span.attributes, "outrider.anchor");
    ASSERT_TRUE(mark);
    EXPECT_TRUE(std::get<bool>(mark->data));
    ASSERT_EQ(span.links.size(), 1U);
    EXPECT_EQ(span.links[0].trace, link.trace);
}

TEST(MessageTracer, PollsInTracesOfTheirOwnWith128LinksEach) {
    traced t;
    for (std::size_t count : {0U, 1U, 128U, 129U, 300U}) {
        std::vector<span_context> producers;
        for (std::size_t i = 0; i < count; ++i) producers.push_back(t.parent());
        t.tracer.poll(producers, some_facts());
        std::vector<std::string> linked;
        auto spans = t.finished();
        EXPECT_EQ(spans.size(), count == 0 ? 1U : (count + 127) / 128) << count;
        for (const auto& span : spans) {
            EXPECT_EQ(span.kind, span_kind::client);
            EXPECT_EQ(text(span, "messaging.operation.type"), "receive");
            EXPECT_FALSE(span.parent.valid());
            EXPECT_LE(span.links.size(), 128U);
            for (const auto& each : span.links) linked.push_back(each.span.hex());
        }
        ASSERT_EQ(linked.size(), count);
        for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(linked[i], producers[i].span.hex());
    }
}

TEST(MessageTracer, ProcessesBelowTheProducerAndLinksToIt) {
    traced t;
    auto producer = t.parent();
    t.tracer.process(producer, some_facts());
    auto span = t.only();
    EXPECT_EQ(span.name, "process orders");
    EXPECT_EQ(span.kind, span_kind::consumer);
    EXPECT_EQ(span.trace, producer.trace);
    EXPECT_EQ(span.parent, producer.span);
    ASSERT_EQ(span.links.size(), 1U);
    EXPECT_EQ(span.links[0].span, producer.span);
}

TEST(MessageTracer, SettlesWithCommits) {
    traced t;
    t.tracer.commit(some_facts());
    auto span = t.only();
    EXPECT_EQ(span.name, "commit orders");
    EXPECT_EQ(span.kind, span_kind::client);
    EXPECT_EQ(text(span, "messaging.operation.type"), "settle");
}

TEST(MessageTracer, DerivesTheSameContextAgain) {
    traced t, other;
    auto from = t.parent();
    auto one = t.tracer.derived(from.trace, from.span, {}), two = other.tracer.derived(from.trace, from.span, {});
    EXPECT_EQ(one.trace, two.trace);
    EXPECT_EQ(one.span, two.span);
    EXPECT_EQ(one.flags, two.flags);
}

TEST(MessageTracer, WritesNothingForWhatIsNotSampled) {
    traced t;
    span_context own = t.parent();
    own.flags = 0;
    t.tracer.send(own, {}, {}, true, some_facts());
    EXPECT_FALSE(t.tracer.below(own, {}).sampled());
    t.tracer.process(own, some_facts());
    EXPECT_TRUE(t.finished().empty());
}

TEST(MessageTracer, IsOffWithoutASink) {
    traced t;
    message_tracer none{t.setup, nullptr};
    EXPECT_FALSE(none.enabled());
    none.send(t.parent(), {}, {}, true, some_facts());
    none.poll({}, some_facts());
    none.flush();
    EXPECT_TRUE(t.finished().empty());
}

TEST(MessageTracer, TellsACollectorEverything) {
    config::settings settings;
    settings.tracing.collector = "http://collector:4318";
    settings.tracing.sampler = config::sampler::always_off;
    settings.keys["order"].sources = {{config::value_source::place::kafka_key, ""}};
    traced t{settings};
    tracing::message_capture one{t.setup.capture};
    one.record_key("order-4711");
    tracing::group_capture said;
    said.add(one);
    auto facts = some_facts();
    facts.cluster = "MkU3OEVBNTcwNTJENDM2Qk";
    facts.inbound_open = 3;
    facts.captured = &said;
    const auto own = t.tracer.root({});
    ASSERT_FALSE(own.sampled());
    EXPECT_EQ(t.tracer.member_of(own), "outrider=" + own.span.hex());
    t.tracer.send(own, {}, {}, true, facts);
    const auto span = t.only();
    EXPECT_EQ(text(span, "outrider.kafka.cluster"), "MkU3OEVBNTcwNTJENDM2Qk");
    EXPECT_EQ(number(span, "outrider.inbound_open"), 3);
    EXPECT_EQ(text(span, "chain.key.order"), "order-4711");
    EXPECT_NE(tracing::find_attribute(span.attributes, "outrider.echo"), nullptr);
    EXPECT_NE(tracing::find_attribute(span.attributes, "outrider.head_sampled"), nullptr);
    t.tracer.send(own, own.span, {}, true, facts);
    EXPECT_EQ(number(t.only(), "outrider.inbound_open"), -1) << "its cause is known";
    t.tracer.poll({}, facts);
    const auto poll = t.only();
    EXPECT_EQ(text(poll, "chain.key.order"), "order-4711");
    EXPECT_EQ(tracing::find_attribute(poll.attributes, "outrider.echo"), nullptr) << "the spans of records have it";
}

TEST(MessageTracer, TellsJaegerWhatIsSampled) {
    config::settings settings;
    settings.tracing.sampler = config::sampler::always_off;
    traced t{settings};
    t.tracer.send(t.tracer.root({}), {}, {}, true, some_facts());
    EXPECT_TRUE(t.finished().empty());
    EXPECT_EQ(t.tracer.member_of(t.tracer.root({})), "");
    EXPECT_FALSE(t.tracer.candidates());
}

}  // namespace
}  // namespace outrider::exchange
