// What sessions make of records: contexts written into them, spans and counters; one path, a scripted broker.

#include <algorithm>

#include <gtest/gtest.h>

#include "sidecar/kafka/produce_request.hpp"
#include "tests/support/span_values.hpp"
#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

using outrider::test::number;
using outrider::test::text;
using tracing::span_kind;

const std::string carried = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

plain_record record(std::string value, std::optional<std::string> traceparent = {}) {
    plain_record out{0, 0, "key", std::move(value), {}};
    if (traceparent) out.headers.emplace_back("traceparent", std::move(traceparent));
    return out;
}

/// One whose offsets count up.
std::string batch(std::vector<plain_record> records) {
    std::int32_t offset = 0;
    for (auto& each : records) each.offset_delta = offset++;
    return batch_of(records);
}

/// Has a Produce request answered as brokers do.
void answer_produce(kafka_session& s, std::string topic, std::size_t partitions, std::int16_t error = 0) {
    s.broker.on_frame = [topic, partitions, error](const got_frame& of) {
        return broker_reply{answer(of.correlation(), produce_answer_body(of.version(), topic, partitions, error))};
    };
}

/// The first record of a frame with one partition whose batch ends it, but for `behind` bytes.
std::vector<plain_record> records_of(const got_frame& frame, std::size_t batch_at, std::size_t behind) {
    auto bytes = std::string_view{frame.bytes}.substr(batch_at + 61);
    return read_records(bytes.substr(0, bytes.size() - behind));
}

TEST(KafkaSessionRecords, WritesAContextIntoRecordsThatHaveNone) {
    kafka_session s;
    answer_produce(s, "orders", 1);
    auto client = s.connect();
    auto sent = produce_body(7, -1, "orders", {batch({record("one"), record("two")})});
    s.converse(client, request(0, 7, 1, sent), 1);
    ASSERT_EQ(s.broker.frames.size(), 1U);
    auto head = request(0, 7, 1).size() - 4 + sent.size() - batch({record("one"), record("two")}).size();
    auto records = records_of(s.broker.frames[0], head, 0);
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[1].value, "two");
    ASSERT_EQ(records[0].headers.size(), 1U);
    EXPECT_EQ(records[0].headers[0].first, "traceparent");
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    const auto& send = spans[0];
    EXPECT_EQ(send.name, "send orders");
    EXPECT_EQ(send.kind, span_kind::producer);
    EXPECT_FALSE(send.parent.valid());
    EXPECT_NE(records[0].headers[0].second->find(send.span.hex()), std::string::npos);
    EXPECT_EQ(text(send, "messaging.destination.partition.id"), "0");
    EXPECT_EQ(text(send, "messaging.client.id"), "shop-1");
    EXPECT_EQ(number(send, "messaging.kafka.offset"), 1000);
    EXPECT_EQ(number(send, "messaging.batch.message_count"), 2);
    EXPECT_EQ(number(send, "server.port"), s.broker.port());
    auto& row = s.metrics().topic("orders");
    EXPECT_EQ(row.sent_records.value(), 2U);
    EXPECT_EQ(row.injected.value(), 1U);
    EXPECT_EQ(row.send_errors.value(), 0U);
}

TEST(KafkaSessionRecords, GivesARetryTheSameBytes) {
    kafka_session s;
    answer_produce(s, "orders", 1, 7);
    auto client = s.connect();
    auto body = produce_body(7, -1, "orders", {batch({record("one")})});
    s.converse(client, request(0, 7, 1, body) + request(0, 7, 2, body), 2);
    ASSERT_EQ(s.broker.frames.size(), 2U);
    EXPECT_EQ(s.broker.frames[0].bytes.substr(8), s.broker.frames[1].bytes.substr(8));
    EXPECT_NE(s.broker.frames[0].bytes.find("traceparent"), std::string::npos);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_NE(spans[0].span, spans[1].span);
    EXPECT_EQ(spans[0].trace, spans[1].trace);
    EXPECT_EQ(spans[0].status, tracing::status_code::error);
    EXPECT_EQ(text(spans[0], "error.type"), "REQUEST_TIMED_OUT");
    EXPECT_EQ(s.metrics().topic("orders").send_errors.value(), 2U);
}

/// An attempt that failed, and the one that put the records into the log.
void expect_told_apart(const tracing::span_data& failed, const tracing::span_data& appended, std::string_view sent) {
    EXPECT_EQ(failed.name, "send orders");
    EXPECT_EQ(failed.kind, span_kind::client);
    EXPECT_EQ(failed.status, tracing::status_code::error);
    EXPECT_NE(tracing::find_attribute(failed.attributes, "outrider.retriable"), nullptr);
    EXPECT_EQ(number(failed, "messaging.kafka.offset"), -1);
    EXPECT_EQ(appended.status, tracing::status_code::unset);
    EXPECT_NE(sent.find(appended.span.hex()), std::string_view::npos) << "consumers look for this one";
    EXPECT_EQ(failed.trace, appended.trace);
    EXPECT_NE(failed.span, appended.span);
    ASSERT_EQ(failed.links.size(), 1U);
    EXPECT_EQ(failed.links[0].span, appended.span);
    EXPECT_TRUE(appended.links.empty());
}

TEST(KafkaSessionRecords, TellsAnAttemptThatFailedFromTheOneThatSucceeded) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame& of) {
        const std::int16_t error = of.correlation() == 1 ? 6 : 0;
        return broker_reply{answer(of.correlation(), produce_answer_body(of.version(), "orders", 1, error))};
    };
    auto client = s.connect();
    auto body = produce_body(7, -1, "orders", {batch({record("one")})});
    s.converse(client, request(0, 7, 1, body) + request(0, 7, 2, body), 2);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(text(spans[0], "error.type"), "NOT_LEADER_OR_FOLLOWER");
    expect_told_apart(spans[0], spans[1], s.broker.frames[0].bytes);
}

TEST(KafkaSessionRecords, TellsOfAProduceThatWasNeverAnswered) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame& of) {
        if (of.connection == 0) return broker_reply{{}, true};
        return broker_reply{answer(of.correlation(), produce_answer_body(of.version(), "orders", 1))};
    };
    auto body = produce_body(7, -1, "orders", {batch({record("one"), record("two")})});
    auto first = s.connect();
    s.send(first, request(0, 7, 1, body));
    ASSERT_TRUE(s.turn_until([&] { return first->ended; }));
    auto second = s.connect();
    s.converse(second, request(0, 7, 1, body), 1);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(text(spans[0], "error.type"), "NETWORK_EXCEPTION");
    EXPECT_EQ(spans[0].status_message, "the broker's connection ended before its answer");
    EXPECT_EQ(number(spans[0], "messaging.batch.message_count"), 2);
    expect_told_apart(spans[0], spans[1], s.broker.frames[0].bytes);
    auto& row = s.metrics().topic("orders");
    EXPECT_EQ(row.sent_records.value(), 4U) << "they were sent twice";
    EXPECT_EQ(row.send_errors.value(), 1U);
    EXPECT_EQ(row.injected.value(), 2U);
}

TEST(KafkaSessionRecords, TellsOfAProduceWhoseClientDidNotWait) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto client = s.connect();
    s.send(client, request(0, 7, 1, produce_body(7, -1, "orders", {batch({record("one", carried)})})) +
                       request(8, 2, 2, commit_body("orders")));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 2; }));
    client->stream.reset();
    ASSERT_TRUE(s.turn_until([&] { return s.path->sessions() == 0; }));
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    for (const auto& each : spans) {
        EXPECT_EQ(text(each, "error.type"), "NETWORK_EXCEPTION");
        EXPECT_EQ(each.status_message, "the client's connection ended before the broker's answer");
    }
    EXPECT_EQ(spans[0].parent.hex(), "b7ad6b7169203331") << "as the record says";
    EXPECT_TRUE(spans[0].links.empty());
    EXPECT_EQ(spans[1].name, "commit orders");
}

TEST(KafkaSessionRecords, LeavesAContextThatARecordBrought) {
    kafka_session s;
    answer_produce(s, "orders", 1);
    auto client = s.connect();
    auto asked = request(0, 9, 1, produce_body(9, -1, "orders", {batch({record("one", carried)})}));
    s.converse(client, asked, 1);
    EXPECT_EQ(framed(s.broker.frames.at(0).bytes), asked) << "not a byte changes";
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(spans[0].kind, span_kind::client);
    EXPECT_EQ(spans[0].trace.hex(), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(spans[0].parent.hex(), "b7ad6b7169203331");
}

TEST(KafkaSessionRecords, DropsTheAnswerToARequestThatWantedNone) {
    kafka_session s;
    answer_produce(s, "orders", 1);
    auto client = s.connect();
    auto body = produce_body(7, 0, "orders", {batch({record("one")})});
    auto got = s.converse(client, request(0, 7, 1, body) + request(0, 7, 2, body) + request(12, 1, 3), 1);
    EXPECT_EQ(wire_reader{got.at(0)}.int32(), 3);
    EXPECT_EQ(s.metrics().dropped_answers.value(), 2U);
    EXPECT_EQ(s.spans().size(), 2U);
    EXPECT_EQ(s.metrics().topic("orders").sent_records.value(), 2U);
}

TEST(KafkaSessionRecords, StreamsAFrameThatIsTooLongToBeHeld) {
    kafka_session s;
    answer_produce(s, "orders", 1);
    auto client = s.connect();
    auto asked = request(0, 7, 1, produce_body(7, -1, "orders", {batch({record(std::string(6'000'000, 'v'))})}));
    s.converse(client, asked, 1);
    EXPECT_TRUE(framed(s.broker.frames.at(0).bytes) == asked);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(spans[0].kind, span_kind::client) << "derived";
    EXPECT_EQ(s.metrics().topic("orders").derived.value(), 1U);
}

TEST(KafkaSessionRecords, StreamsWhereTheBudgetForHoldingIsSpent) {
    kafka_session s;
    answer_produce(s, "orders", 1);
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(s.path->may_hold(cluster_path::most_held_frame));
    auto client = s.connect();
    auto asked = request(0, 7, 1, produce_body(7, -1, "orders", {batch({record("one")})}));
    s.converse(client, asked, 1);
    EXPECT_EQ(framed(s.broker.frames.at(0).bytes), asked);
    for (int i = 0; i < 8; ++i) s.path->give_back_hold(cluster_path::most_held_frame);
}

TEST(KafkaSessionRecords, PassesAndCountsProduceRequestsThatCannotBeRead) {
    kafka_session s;
    auto client = s.connect();
    // Shorter than it says, longer than it says, and one that is streamed.
    const auto whole = produce_body(7, -1, "t", {batch({record("one")})});
    const std::string bodies[] = {"nothing like a Produce request", whole + "more",
                                  whole.substr(0, 30) + std::string(3'000'000, 'x')};
    std::size_t count = 0;
    for (const auto& body : bodies) {
        auto asked = request(0, 7, 1, body);
        s.converse(client, asked, ++count);
        EXPECT_TRUE(framed(s.broker.frames.back().bytes) == asked) << count;
        EXPECT_EQ(s.metrics().malformed_requests.value(), count);
        EXPECT_EQ(s.metrics().malformed_answers.value(), count) << "no Produce answer either";
    }
}

TEST(KafkaSessionRecords, BoundsWhatItKeepsOfManyTopics) {
    kafka_session s;
    answer_produce(s, "t", 1);
    std::string body;
    wire_writer out{body};
    out.string({}, encoding::flexible);
    out.int16(-1);
    out.int32(1);
    constexpr std::int32_t topics = 1'000'000;
    out.array(topics, encoding::flexible);
    for (std::int32_t i = 0; i < topics; ++i) out.raw(std::string_view("\1\1\0", 3));
    out.no_tags(encoding::flexible);
    auto client = s.connect();
    auto asked = request(0, 9, 1, body);
    s.converse(client, asked, 1);
    EXPECT_TRUE(framed(s.broker.frames.at(0).bytes) == asked);
}

TEST(KafkaSessionRecords, TellsOfWhatWasFetched) {
    kafka_session s;
    auto records = batch({record("one", carried), record("two", carried), record("three")});
    s.broker.on_frame = [&](const got_frame& of) {
        return broker_reply{answer(of.correlation(), of.key() == 1
                                                         ? fetch_answer_body(of.version(), "orders", records, 85)
                                                         : std::string{"ok"})};
    };
    auto client = s.connect();
    std::string group;
    wire_writer{group}.string("billing", encoding::classic);
    s.converse(client, request(12, 1, 1, group), 1);
    s.converse(client, request(1, 11, 2), 2);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U) << "process for the context in the records, and poll";
    const auto& process = spans[0];
    EXPECT_EQ(process.name, "process orders");
    EXPECT_EQ(process.kind, span_kind::consumer);
    EXPECT_EQ(process.parent.hex(), "b7ad6b7169203331");
    EXPECT_EQ(number(process, "messaging.batch.message_count"), 2);
    const auto& poll = spans[1];
    EXPECT_EQ(poll.name, "poll orders");
    EXPECT_EQ(poll.links.size(), 2U) << "the context and the batch's own";
    EXPECT_EQ(text(poll, "messaging.consumer.group.name"), "billing");
    EXPECT_EQ(number(poll, "messaging.batch.message_count"), 3);
    auto& row = s.metrics().topic("orders");
    EXPECT_EQ(row.fetched_records.value(), 3U);
    EXPECT_EQ(row.total_lag(), 85 - 77 - 3);
}

TEST(KafkaSessionRecords, SplitsLinksAt128) {
    kafka_session s;
    std::vector<plain_record> many;
    for (int i = 0; i < 300; ++i) {
        auto own = carried;
        own.replace(3, 3, std::to_string(100 + i));
        many.push_back(record("v", own));
    }
    auto records = batch(many);
    s.broker.on_frame = [&](const got_frame& of) {
        return broker_reply{answer(of.correlation(), fetch_answer_body(11, "orders", records, 500))};
    };
    auto client = s.connect();
    s.converse(client, request(1, 11, 1), 1);
    std::vector<std::size_t> links;
    std::size_t processed = 0;
    for (const auto& each : s.spans()) {
        if (each.name == "poll orders") links.push_back(each.links.size());
        if (each.name == "process orders") ++processed;
    }
    EXPECT_EQ(links, (std::vector<std::size_t>{128, 128, 44}));
    EXPECT_EQ(processed, 300U);
}

TEST(KafkaSessionRecords, HidesTheAddressesBehindALongFetchAnswerAndRewritesAShortOne) {
    kafka_session s;
    for (std::size_t size : {100U, 60'000U, 70'000U, 3'000'000U}) {
        const auto body =
            fetch_answer_body(16, {}, batch({record(std::string(size, 'v'))}), 78, node_endpoints("broker3.internal"));
        s.broker.on_frame = [&](const got_frame& of) { return broker_reply{answer(of.correlation(), body)}; };
        auto client = s.connect();
        auto got = s.converse(client, request(1, 16, 1), 1);
        ASSERT_EQ(got.size(), 1U);
        if (size < 65'000) {
            EXPECT_EQ(got[0].find("internal"), std::string::npos) << size;
            EXPECT_NE(got[0].find("127.1.0.3"), std::string::npos) << size;
        } else {
            auto expected = body;
            expected[expected.size() - node_endpoints("broker3.internal").size() + 1] = 127;
            EXPECT_TRUE(got[0].substr(4) == expected) << size;
        }
    }
}

TEST(KafkaSessionRecords, EndsWhereALongFetchAnswerThatNamesNodesCannotBeRead) {
    kafka_session s;
    s.broker.on_frame = [&](const got_frame& of) {
        return broker_reply{answer(of.correlation(), std::string(1, '\0') + std::string(200'000, '\xff'))};
    };
    auto client = s.connect();
    s.send(client, request(1, 16, 1));
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_LT(client->seen.size(), 200'000U);
    EXPECT_EQ(s.metrics().malformed_answers.value(), 1U);
}

TEST(KafkaSessionRecords, EndsWhereAFetchAnswerThatNamesNodesIsLongerThanItSays) {
    kafka_session s;
    for (std::size_t size : {100U, 100'000U}) {
        const auto body = fetch_answer_body(16, {}, batch({record(std::string(size, 'v'))}), 78) + "broker3.internal";
        s.broker.on_frame = [&](const got_frame& of) { return broker_reply{answer(of.correlation(), body)}; };
        auto client = s.connect();
        s.send(client, request(1, 16, 1));
        EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
        EXPECT_EQ(client->seen.find("internal"), std::string::npos) << size;
    }
}

TEST(KafkaSessionRecords, PassesAFetchAnswerOfAnOlderVersionThatCannotBeRead) {
    kafka_session s;
    for (std::size_t size : {100U, 200'000U}) {
        const std::string garbage(size, '\x7f');
        s.broker.on_frame = [&](const got_frame& of) { return broker_reply{answer(of.correlation(), garbage)}; };
        auto client = s.connect();
        auto got = s.converse(client, request(1, 11, 1), 1);
        EXPECT_TRUE(got.at(0).substr(4) == garbage) << size;
    }
    EXPECT_EQ(s.metrics().malformed_answers.value(), 2U);
}

TEST(KafkaSessionRecords, TellsOfCommits) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{answer(of.correlation(), commit_answer_body("orders", 25))};
    };
    auto client = s.connect();
    s.converse(client, request(8, 2, 1, commit_body("orders")), 1);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(spans[0].name, "commit orders");
    EXPECT_EQ(spans[0].kind, span_kind::client);
    EXPECT_EQ(text(spans[0], "messaging.operation.type"), "settle");
    EXPECT_EQ(text(spans[0], "messaging.consumer.group.name"), "g-1");
    EXPECT_EQ(text(spans[0], "error.type"), "UNKNOWN_MEMBER_ID") << "of the second partition";
}

}  // namespace
}  // namespace outrider::kafka::testing
