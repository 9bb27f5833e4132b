// Consumption that policies pause: fetches bring nothing, and everything else goes on, so that the group stays.

#include <gtest/gtest.h>

#include "sidecar/kafka/own_answers.hpp"
#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tests/unit/sidecar/kafka/policies.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

using governance::traffic;
using std::chrono::milliseconds;

std::string fetch_body(std::int16_t version, std::int32_t max_wait, std::int32_t session, std::int32_t epoch,
                       const std::vector<std::string>& topics) {
    const auto how = encoding_of(api::fetch, version);
    std::string body;
    wire_writer out{body};
    for (auto number : {-1, max_wait, 1, 1 << 20}) out.int32(number);
    out.int8(0);
    out.int32(session);
    out.int32(epoch);
    out.array(static_cast<std::int32_t>(topics.size()), how);
    for (const auto& each : topics) {
        out.string(each, how);
        out.array(1, how);
        out.int32(4);
        out.int32(-1);
        out.int64(0);
        out.int32(-1);
        out.int64(-1);
        out.int32(1 << 20);
        out.no_tags(how);
        out.no_tags(how);
    }
    out.array(0, how);
    out.string("", how);
    out.no_tags(how);
    return body;
}

void answer_fetches(kafka_session& s, std::string topic) {
    s.broker.on_frame = [&s, topic](const got_frame& of) {
        if (of.key() != 1) return s.broker.usual(of);
        return broker_reply{answer(of.correlation(), fetch_answer_body(of.version(), topic, batch_of_producer(-1), 1))};
    };
}

std::string nothing(std::int32_t correlation) { return empty_fetch_answer(correlation, 12, 1); }

TEST(KafkaSessionPauses, KeepFetchesFromTheBrokerAndNothingElse) {
    kafka_session s;
    enforce(s, {paused(traffic::consume)});
    answer_fetches(s, "orders");
    auto client = s.connect();
    const auto began = net::steady_clock::now();
    EXPECT_EQ(ask(s, client, request(1, 12, 1, fetch_body(12, 80, 0, 0, {"orders"}))), nothing(1));
    EXPECT_GE(net::steady_clock::now() - began, milliseconds{80}) << "as long as it may wait for records";
    EXPECT_FALSE(ask(s, client, request(12, 1, 2)).empty()) << "heartbeats pass";
    EXPECT_EQ(s.broker.frames.size(), 1U);
    enforce(s, {});
    auto got = ask(s, client, request(1, 12, 3, fetch_body(12, 80, 0, 0, {"orders"})));
    EXPECT_NE(got.find("orders"), std::string::npos);
}

TEST(KafkaSessionPauses, AreForATopicWithinAFetchSessionToo) {
    kafka_session s;
    auto pause = paused(traffic::consume);
    pause.match.topic = "orders";
    auto other = paused(traffic::consume);
    other.name = "other";
    other.match.topic = "payments";
    enforce(s, {other});
    answer_fetches(s, "orders");
    auto client = s.connect();
    auto full = ask(s, client, request(1, 12, 1, fetch_body(12, 20, 0, 0, {"orders"})));
    EXPECT_NE(full, nothing(1));
    enforce(s, {pause});
    EXPECT_EQ(ask(s, client, request(1, 12, 2, fetch_body(12, 20, 9, 1, {}))), nothing(2)) << "it names nothing";
    EXPECT_NE(ask(s, client, request(1, 12, 3, fetch_body(12, 20, 0, 0, {"payments"}))), nothing(3));
}

TEST(KafkaSessionPauses, AreNotForOtherGroups) {
    kafka_session s;
    auto pause = paused(traffic::consume);
    pause.match.group = "billing";
    enforce(s, {pause});
    answer_fetches(s, "orders");
    auto client = s.connect();
    const auto body = fetch_body(12, 20, 0, 0, {"orders"});
    EXPECT_NE(ask(s, client, request(1, 12, 1, body)), nothing(1));
    s.path->cluster.learn_group("shop-1", "billing");
    EXPECT_EQ(ask(s, client, request(1, 12, 2, body)), nothing(2));
}

TEST(KafkaSessionPauses, AreNotCausedByFetchesThatWaitForRecords) {
    kafka_session s;
    auto guard = breaker(traffic::consume);
    guard.breakers[0].consecutive.reset();
    guard.breakers[0].slow = 0.5;
    guard.breakers[0].slow_over = milliseconds{10};
    guard.breakers[0].min_calls = 1;
    enforce(s, {guard});
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto client = s.connect();
    for (std::int32_t i = 1; i < 4; ++i) {
        s.send(client, request(1, 12, i, fetch_body(12, 500, 0, 0, {"orders"})));
        turn_for(s, milliseconds{30});
        s.broker.say(answer(i, fetch_answer_body(12, "orders", batch_of_producer(-1), 1)));
        EXPECT_NE(s.answers(client, static_cast<std::size_t>(i)).back(), nothing(i));
    }
}

}  // namespace
}  // namespace outrider::kafka::testing
