// What a session keeps from the broker because policies say so: by breakers for a time, by limits for good.

#include <algorithm>

#include <gtest/gtest.h>

#include "sidecar/kafka/own_answers.hpp"
#include "sidecar/kafka/produce_request.hpp"
#include "sidecar/kafka/produce_response.hpp"
#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tests/unit/sidecar/kafka/golden.hpp"
#include "tests/unit/sidecar/kafka/policies.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

using governance::rule_outcome;
using governance::traffic;
using std::chrono::milliseconds;

/// One partition of each topic.
std::string produce_topics(std::int16_t version, const std::vector<std::string>& topics, const std::string& batch,
                           std::int16_t acks = -1) {
    const auto how = encoding_of(api::produce, version);
    std::string body;
    wire_writer out{body};
    if (version >= 3) out.string({}, how);
    out.int16(acks);
    out.int32(1'500);
    out.array(static_cast<std::int32_t>(topics.size()), how);
    for (const auto& each : topics) {
        out.string(each, how);
        out.array(1, how);
        out.int32(4);
        out.bytes(batch, how);
        out.no_tags(how);
        out.no_tags(how);
    }
    out.no_tags(how);
    return body;
}

/// A broker that appends all that it gets, each topic at offset 1000.
void append_all(kafka_session& s, std::int16_t error = 0) {
    s.broker.on_frame = [&s, error](const got_frame& of) {
        if (of.key() != 0) return s.broker.usual(of);
        struct names final : produce_request_visitor {
            std::vector<refused_topic> topics;
            std::int16_t acks = 0;
            void on_acks(std::int16_t asked, std::int32_t) override { acks = asked; }
            void on_topic(std::string_view name, const topic_id& id) override {
                topics.push_back({topics.size(), std::string{name}, id, own_error{0}, {}, {}});
            }
            void on_partition(std::int32_t index) override { topics.back().partitions.push_back({index, 0}); }
        } seen;
        wire_reader in{of.bytes};
        read_request_header(in);
        push_parser parser{parse_produce_request(seen, of.version())};
        EXPECT_EQ(parser.feed(std::string_view{of.bytes}.substr(in.position())), parse_state::finished);
        for (auto& each : seen.topics) each.error = own_error{error};
        if (seen.acks == 0) return broker_reply{};
        return broker_reply{framed(refused_produce_answer(of.correlation(), of.version(), seen.topics, 0))};
    };
}

/// The error of each topic of a Produce answer, in its order: "orders 0, payments 87".
std::string errors_of(std::string_view bytes, std::int16_t version) {
    wire_reader in{bytes};
    read_response_header(in, api::produce, version);
    produce_response read;
    EXPECT_TRUE(read_produce_response(in, version, read));
    std::string out;
    for (const auto& each : read.partitions)
        out += (out.empty() ? "" : ", ") + topic_text(each.topic, each.id) + " " + std::to_string(each.error);
    return out;
}

std::size_t produced_frames(const kafka_session& s) {
    return static_cast<std::size_t>(std::count_if(s.broker.frames.begin(), s.broker.frames.end(),
                                                  [](const got_frame& each) { return each.key() == 0; }));
}

TEST(KafkaSessionRefusals, OfAnOpenBreakerAreRetriableForEachPartition) {
    for (std::int16_t version : {0, 3, 7, 8, 9, 12, 13}) {
        kafka_session s;
        enforce(s, {paused(traffic::produce)});
        append_all(s);
        auto client = s.connect();
        auto body = version < 13 ? produce_topics(version, {"orders", "payments"}, batch_of_producer(-1))
                                 : golden_bodies("produce_request").at(13);
        auto got = ask(s, client, request(0, version, 5, body));
        EXPECT_EQ(wire_reader{got}.int32(), 5);
        EXPECT_EQ(errors_of(got, version),
                  version < 13 ? "orders 19, payments 19" : "id 160 19, id 160 19, id 160 19, id 176 19");
        EXPECT_EQ(s.broker.frames.size(), 0U) << "nothing of it reaches the broker";
        EXPECT_EQ(s.metrics().of(0).answered_here.value(), 1U);
    }
}

TEST(KafkaSessionRefusals, KeepTheOrderOfAnswers) {
    kafka_session s;
    append_all(s);
    auto client = s.connect();
    enforce(s, {paused(traffic::produce)});
    auto body = produce_topics(7, {"orders"}, batch_of_producer(-1));
    auto got = s.converse(client,
                          request(12, 1, 1) + request(0, 7, 2, body) + request(12, 1, 3) + request(0, 7, 4, body) +
                              request(0, 7, 5, body),
                          5);
    ASSERT_EQ(got.size(), 5U);
    for (std::int32_t i = 0; i < 5; ++i) EXPECT_EQ(wire_reader{got[static_cast<std::size_t>(i)]}.int32(), i + 1);
    EXPECT_EQ(s.broker.frames.size(), 2U);
}

TEST(KafkaSessionRefusals, AreTheSameForRequestsTooLargeToBeHeld) {
    kafka_session s;
    enforce(s, {paused(traffic::produce)});
    append_all(s);
    auto client = s.connect();
    auto large = produce_topics(7, {"orders", "payments"}, batch_of_producer(-1, std::string(2U << 20, 'x')));
    EXPECT_EQ(errors_of(ask(s, client, request(0, 7, 1, large)), 7), "orders 19, payments 19");
    EXPECT_EQ(produced_frames(s), 0U);
    EXPECT_FALSE(ask(s, client, request(12, 1, 2)).empty()) << "the connection goes on";
}

TEST(KafkaSessionRefusals, AreNotForWhoAskedForNoAnswer) {
    kafka_session s;
    enforce(s, {paused(traffic::produce)});
    append_all(s);
    auto client = s.connect();
    auto body = produce_topics(7, {"orders"}, batch_of_producer(-1), 0);
    auto large = produce_topics(7, {"orders"}, batch_of_producer(-1, std::string(3U << 20, 'x')), 0);
    ask(s, client, request(0, 7, 1, body) + request(0, 7, 2, large) + request(12, 1, 3));
    EXPECT_EQ(produced_frames(s), 2U);
}

TEST(KafkaSessionRefusals, AreCountedOnlyInShadowMode) {
    kafka_session s;
    auto guard = paused(traffic::produce);
    guard.mode = governance::mode::shadow;
    auto limit = bytes_limit(traffic::produce, "", 1);
    limit.mode = governance::mode::shadow;
    limit.limits[0].over = governance::over_limit::reject;
    enforce(s, {guard, limit});
    append_all(s);
    auto client = s.connect();
    auto body = produce_topics(7, {"orders"}, batch_of_producer(-1));
    for (std::int32_t i = 0; i < 2; ++i) EXPECT_EQ(errors_of(ask(s, client, request(0, 7, i, body)), 7), "orders 0");
    EXPECT_EQ(decided(s, "guard", rule_outcome::refused), 2U);
    EXPECT_EQ(decided(s, "smooth", rule_outcome::refused), 1U);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(tracing::text_attribute(spans[1].attributes, "outrider.decision"), "shadow_refused");
}

TEST(KafkaSessionRefusals, BeginAfterTheClusterHasFailedAndEndWithAProbe) {
    kafka_session s;
    enforce(s, {breaker(traffic::produce)});
    auto client = s.connect();
    auto body = produce_topics(7, {"orders"}, batch_of_producer(-1));
    append_all(s, 20);  // NOT_ENOUGH_REPLICAS_AFTER_APPEND
    for (std::int32_t i = 0; i < 2; ++i) EXPECT_EQ(errors_of(ask(s, client, request(0, 7, i, body)), 7), "orders 20");
    EXPECT_EQ(errors_of(ask(s, client, request(0, 7, 2, body)), 7), "orders 19");
    EXPECT_EQ(produced_frames(s), 2U);
    append_all(s);
    turn_for(s, milliseconds{70});
    for (std::int32_t i = 3; i < 6; ++i) EXPECT_EQ(errors_of(ask(s, client, request(0, 7, i, body)), 7), "orders 0");
}

TEST(KafkaSessionRefusals, AreNotCausedByErrorsOfTheClient) {
    kafka_session s;
    enforce(s, {breaker(traffic::produce)});
    append_all(s, 10);  // MESSAGE_TOO_LARGE
    auto client = s.connect();
    auto body = produce_topics(7, {"orders"}, batch_of_producer(-1));
    for (std::int32_t i = 0; i < 5; ++i) EXPECT_EQ(errors_of(ask(s, client, request(0, 7, i, body)), 7), "orders 10");
}

TEST(KafkaSessionRefusals, BeginAfterConnectionsWereLostWithAnswersOwed) {
    kafka_session s;
    auto guard = breaker(traffic::produce);
    guard.breakers[0].open = milliseconds{60'000};
    enforce(s, {guard});
    s.broker.on_frame = [](const got_frame&) { return broker_reply{{}, true}; };
    auto body = produce_topics(7, {"orders"}, batch_of_producer(-1));
    for (int i = 0; i < 2; ++i) {
        auto lost = s.connect();
        s.send(lost, request(0, 7, 1, body));
        EXPECT_TRUE(s.turn_until([&] { return lost->ended; }));
    }
    append_all(s);
    EXPECT_EQ(errors_of(ask(s, s.connect(), request(0, 7, 1, body)), 7), "orders 19");
}

TEST(KafkaSessionRefusals, DoNotBeginBecauseClientsLeave) {
    kafka_session s;
    enforce(s, {breaker(traffic::produce)});
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto body = produce_topics(7, {"orders"}, batch_of_producer(-1));
    for (int i = 0; i < 4; ++i) {
        auto leaving = s.connect();
        s.send_and_end(leaving, request(0, 7, 1, body));
        EXPECT_TRUE(s.turn_until([&] { return leaving->ended; }));
    }
    append_all(s);
    EXPECT_EQ(errors_of(ask(s, s.connect(), request(0, 7, 1, body)), 7), "orders 0");
}

TEST(KafkaSessionRefusals, LetNothingOvertakeARefusedBatchOfAnIdempotentProducer) {
    kafka_session s;
    enforce(s, {paused(traffic::produce)});
    append_all(s);
    auto client = s.connect();
    auto with = [](std::int32_t correlation, std::int32_t sequence) {
        return request(0, 7, correlation, produce_topics(7, {"orders"}, batch_of_producer(sequence)));
    };
    EXPECT_EQ(errors_of(ask(s, client, with(1, 0)), 7), "orders 19");
    enforce(s, {});
    enforce(s, {breaker(traffic::produce)});
    EXPECT_EQ(errors_of(ask(s, client, with(2, 1)), 7), "orders 19") << "sent before the client knew";
    EXPECT_EQ(errors_of(ask(s, client, with(3, 0)), 7), "orders 0");
    EXPECT_EQ(errors_of(ask(s, client, with(4, 1)), 7), "orders 0");
    EXPECT_EQ(produced_frames(s), 2U);
}

/// Of at most so many bytes of one topic; what is over is refused.
governance::policy cap(std::string topic, double bytes) {
    auto out = bytes_limit(traffic::produce, std::move(topic), 1);
    out.name = "cap";
    out.limits[0].over = governance::over_limit::reject;
    out.limits[0].burst = bytes;
    return out;
}

TEST(KafkaSessionRefusals, OfALimitAreForTheTopicThatIsOverAndForGood) {
    for (std::int16_t version : {3, 7, 8, 9, 12}) {
        kafka_session s;
        enforce(s, {cap("payments", 100)});
        append_all(s);
        auto client = s.connect();
        auto body = produce_topics(version, {"audit", "payments", "orders"}, batch_of_producer(-1));
        EXPECT_EQ(errors_of(ask(s, client, request(0, version, 1, body)), version), "audit 0, payments 0, orders 0");
        auto got = ask(s, client, request(0, version, 2, body));
        EXPECT_EQ(errors_of(got, version),
                  version >= 8 ? "audit 0, payments 87, orders 0" : "audit 0, payments 44, orders 0");
        EXPECT_EQ(got.find("policy 'cap' (limit)") != std::string::npos, version >= 8);
        ASSERT_EQ(produced_frames(s), 2U);
        EXPECT_EQ(s.broker.frames[1].bytes.find("payments"), std::string::npos);
        EXPECT_EQ(s.metrics().refused_partitions.value(), 1U);
        body = produce_topics(version, {"payments"}, batch_of_producer(-1));
        EXPECT_EQ(errors_of(ask(s, client, request(0, version, 3, body)), version),
                  version >= 8 ? "payments 87" : "payments 44");
        EXPECT_EQ(produced_frames(s), 2U);
    }
}

TEST(KafkaSessionRefusals, LeaveTheRestByteForByteWhatItWas) {
    kafka_session s;
    enforce(s, {cap("payments", 0.5)});
    append_all(s);
    auto client = s.connect();
    plain_record traced;
    traced.headers.emplace_back("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    const auto batch = batch_of({traced});
    ask(s, client, request(0, 9, 1, produce_topics(9, {"payments"}, batch)));  // uses up what there is
    ask(s, client, request(0, 9, 2, produce_topics(9, {"payments", "audit", "payments", "orders"}, batch)));
    ASSERT_FALSE(s.broker.frames.empty());
    EXPECT_EQ(framed(s.broker.frames.back().bytes), request(0, 9, 2, produce_topics(9, {"audit", "orders"}, batch)));
}

TEST(KafkaSessionRefusals, AreTheSameHoweverTheRequestComesInPieces) {
    kafka_session s;
    enforce(s, {cap("payments", 100)});
    append_all(s);
    auto client = s.connect();
    ask(s, client, request(0, 9, 0, produce_topics(9, {"payments"}, batch_of_producer(-1))));
    const auto body = produce_topics(9, {"audit", "payments"}, batch_of_producer(-1));
    const auto size = request(0, 9, 0, body).size();
    for (std::size_t cut = 1; cut < size; ++cut) {
        const auto bytes = request(0, 9, static_cast<std::int32_t>(cut), body);
        s.send(client, bytes.substr(0, cut));
        s.settle();
        ASSERT_EQ(errors_of(ask(s, client, bytes.substr(cut)), 9), "audit 0, payments 87") << "cut at " << cut;
    }
}

TEST(KafkaSessionRefusals, StillHaveTheirSpans) {
    kafka_session s;
    enforce(s, {cap("payments", 0.5)});
    append_all(s);
    auto client = s.connect();
    ask(s, client, request(0, 7, 1, produce_topics(7, {"payments"}, batch_of_producer(-1))));
    (void)s.spans();
    ask(s, client, request(0, 7, 2, produce_topics(7, {"payments", "orders"}, batch_of_producer(-1))));
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans[0].name, "send payments");
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "error.type"), "POLICY_VIOLATION");
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.decision"), "refused");
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.policy"), "cap");
    EXPECT_EQ(spans[1].name, "send orders");
    EXPECT_EQ(tracing::find_attribute(spans[1].attributes, "outrider.decision"), nullptr);
}

}  // namespace
}  // namespace outrider::kafka::testing
