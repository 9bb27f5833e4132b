// Limits on a session's traffic: who is over one is told how long to stay silent, and is not read for as long.

#include <gtest/gtest.h>

#include "sidecar/kafka/fetch_request.hpp"
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

std::string batch_of_size(std::size_t size) {
    plain_record record;
    record.value = std::string(size, 'x');
    return batch_of({record});
}

std::string header_tags(api key, std::int16_t version) {
    return encoding_of(key, version) == encoding::flexible ? std::string(1, '\0') : std::string{};
}

/// Has every Produce request answered with this body, without its header.
void answer_with(kafka_session& s, api key, const std::string& body) {
    s.broker.on_frame = [&s, key, body](const got_frame& of) {
        if (of.key() != static_cast<std::int16_t>(key)) return s.broker.usual(of);
        return broker_reply{answer(of.correlation(), header_tags(key, of.version()) + body)};
    };
}

produce_response read_produced(std::string_view bytes, std::int16_t version) {
    wire_reader in{bytes};
    read_response_header(in, api::produce, version);
    produce_response out;
    EXPECT_TRUE(read_produce_response(in, version, out)) << version;
    return out;
}

/// The bodies of requests with one topic, "orders" or its id in golden answers, and one batch.
std::string produce_request_body(std::int16_t version, const std::string& batch, std::int16_t acks = -1) {
    return version < 13 ? produce_body(version, acks, "orders", {batch}) : golden_bodies("produce_request").at(13);
}

TEST(KafkaSessionQuotas, TellHowLongToStaySilentInEveryVersionOfProduceAnswers) {
    for (const auto& [version, body] : golden_bodies("produce_response")) {
        kafka_session s;
        enforce(s, {bytes_limit(traffic::produce, "", 100)});
        answer_with(s, api::produce, body);
        auto client = s.connect();
        auto sent = produce_request_body(version, batch_of_size(1'000));
        auto got = s.converse(client, request(0, version, 1, sent), 1);
        ASSERT_EQ(got.size(), 1U) << version;
        auto read = read_produced(got[0], version);
        ASSERT_EQ(read.partitions.size(), 2U);
        EXPECT_EQ(read.partitions[0].base_offset, 100);
        if (version == 0) {
            EXPECT_EQ(got[0].substr(4), body) << "a version without throttle times";
            continue;
        }
        // 1,000 bytes and more at 100/s.
        EXPECT_GT(read.throttle_ms, version < 13 ? 9'000 : 1'000) << version;
        EXPECT_LT(read.throttle_ms, 30'000) << version;
        if (version >= 10) continue;  // addresses are rewritten besides
        auto expected = header_tags(api::produce, version) + body;
        wire_writer{expected}.int32_at(read.throttle_at - 4, read.throttle_ms);
        EXPECT_EQ(got[0].substr(4), expected) << "no other byte changes; version " << version;
    }
}

TEST(KafkaSessionQuotas, LeaveTheBrokersThrottleTimeWhenItIsLonger) {
    kafka_session s;
    enforce(s, {bytes_limit(traffic::produce, "orders", 100'000)});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    auto got = s.converse(client, request(0, 7, 1, produce_request_body(7, batch_of_size(1'000))), 1);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(read_produced(got[0], 7).throttle_ms, 25) << "ours would be 10 ms";
}

TEST(KafkaSessionQuotas, KeepTheNextProduceBackAndNothingElse) {
    kafka_session s;
    enforce(s, {bytes_limit(traffic::produce, "orders", 10'000)});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    auto body = produce_request_body(7, batch_of_size(2'000));
    const auto began = net::steady_clock::now();
    s.converse(client, request(0, 7, 1, body), 1);
    EXPECT_EQ(s.converse(client, request(12, 1, 2), 2).size(), 2U);
    EXPECT_LT(net::steady_clock::now() - began, milliseconds{195}) << "a heartbeat does not wait";
    s.converse(client, request(0, 7, 3, body), 3);
    EXPECT_GT(net::steady_clock::now() - began, milliseconds{200}) << "2,000 bytes at 10,000/s";
    ASSERT_EQ(s.broker.frames.size(), 3U);
    EXPECT_EQ(s.broker.frames[2].correlation(), 3);
}

TEST(KafkaSessionQuotas, KeepWhatWasPassedBeforeOutOfTheWait) {
    kafka_session s;
    enforce(s, {bytes_limit(traffic::produce, "orders", 1'000)});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    auto body = produce_request_body(7, batch_of_size(2'000));
    const auto began = net::steady_clock::now();
    auto got = s.converse(client, request(0, 7, 1, body) + request(12, 1, 2) + request(0, 7, 3, body), 2);
    EXPECT_LT(net::steady_clock::now() - began, milliseconds{500});
    EXPECT_EQ(got.size(), 2U) << "the requests before the one that waits are written before it waits";
}

TEST(KafkaSessionQuotas, LetAClientLeaveThatWaits) {
    kafka_session s;
    enforce(s, {bytes_limit(traffic::produce, "orders", 10)});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    auto body = produce_request_body(7, batch_of_size(2'000));
    s.converse(client, request(0, 7, 1, body), 1);
    s.send(client, request(0, 7, 2, body));
    s.settle();
    const auto began = net::steady_clock::now();
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
    EXPECT_LT(net::steady_clock::now() - began, milliseconds{500});
}

TEST(KafkaSessionQuotas, ChargeRequestsThatStreamAndThoseThatWantNoAnswer) {
    kafka_session s;
    enforce(s, {bytes_limit(traffic::produce, "orders", 1e9)});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    s.converse(client,
               request(0, 7, 1, produce_request_body(7, batch_of_size(100), 0)) +
                   request(0, 7, 2, produce_request_body(7, batch_of_size(3U << 20))),
               1);
    EXPECT_EQ(decided(s, "smooth", rule_outcome::waited), 2U) << "both exceed a burst of one byte";
}

TEST(KafkaSessionQuotas, TellClientsApartByTheirKey) {
    kafka_session s;
    auto limit = bytes_limit(traffic::produce, "orders", 100);
    limit.limits[0].key.from = governance::key_source::kind::client;
    limit.limits[0].burst = 5'000;
    enforce(s, {limit});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    auto body = produce_request_body(7, batch_of_size(4'000));
    auto got = s.converse(client, request(0, 7, 1, body, "a") + request(0, 7, 2, body, "b"), 2);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(read_produced(got[0], 7).throttle_ms, 25);
    EXPECT_EQ(read_produced(got[1], 7).throttle_ms, 25) << "its own burst";
    got = s.converse(client, request(0, 7, 3, body, "a"), 3);
    ASSERT_EQ(got.size(), 3U);
    EXPECT_GT(read_produced(got[2], 7).throttle_ms, 20'000);
}

TEST(KafkaSessionQuotas, OfPoliciesInShadowModeAreCountedOnly) {
    kafka_session s;
    auto limit = bytes_limit(traffic::produce, "orders", 10);
    limit.mode = governance::mode::shadow;
    enforce(s, {limit});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    auto body = produce_request_body(7, batch_of_size(2'000));
    auto got = s.converse(client, request(0, 7, 1, body) + request(0, 7, 2, body), 2);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(read_produced(got[1], 7).throttle_ms, 25);
    EXPECT_EQ(decided(s, "smooth", rule_outcome::waited), 2U);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.decision"), "shadow_throttled");
    EXPECT_EQ(tracing::find_attribute(spans[0].attributes, "outrider.throttle_ms"), nullptr);
}

TEST(KafkaSessionQuotas, AreToldInSpans) {
    kafka_session s;
    enforce(s, {bytes_limit(traffic::produce, "orders", 1'000)});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    s.converse(client, request(0, 7, 1, produce_request_body(7, batch_of_size(2'000))), 1);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.policy"), "smooth");
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.rule"), "limit");
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.decision"), "throttled");
    const auto* throttle = tracing::find_attribute(spans[0].attributes, "outrider.throttle_ms");
    ASSERT_NE(throttle, nullptr);
    EXPECT_GT(std::get<std::int64_t>(throttle->data), 2'000);
}

TEST(KafkaSessionQuotas, OfOtherClustersChangeNothing) {
    kafka_session s;
    auto limit = bytes_limit(traffic::produce, "", 1);
    limit.match.cluster = "another";
    enforce(s, {limit, bytes_limit(traffic::consume, "", 1)});
    answer_with(s, api::produce, golden_bodies("produce_response").at(7));
    auto client = s.connect();
    auto got = s.converse(client, request(0, 7, 1, produce_request_body(7, batch_of_size(2'000))), 1);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].substr(4), golden_bodies("produce_response").at(7));
    EXPECT_FALSE(s.path->policies.of(traffic::produce).any());
    EXPECT_TRUE(s.path->policies.of(traffic::consume).limits);
}

/// Where the throttle time of a Fetch answer stands in the answer, and what it is.
std::int32_t fetch_throttle(std::string_view bytes, std::int16_t version) {
    return wire_reader{bytes.substr(encoding_of(api::fetch, version) == encoding::flexible ? 5 : 4)}.int32();
}

TEST(KafkaSessionQuotas, KeepTheNextFetchBackAndSayItInEveryVersion) {
    for (const auto& [version, body] : golden_bodies("fetch_response")) {
        kafka_session s;
        enforce(s, {bytes_limit(traffic::consume, "", 4'000)});
        answer_with(s, api::fetch, body);
        auto client = s.connect();
        auto sent = golden_bodies("fetch_request").at(version);
        auto got = s.converse(client, request(1, version, 1, sent), 1);
        ASSERT_EQ(got.size(), 1U) << version;
        const auto told = version == 0 ? 0 : fetch_throttle(got[0], version);
        if (version < 16) {
            EXPECT_EQ(got[0].substr(4), header_tags(api::fetch, version) + body);
        }
        // That answer brought some hundred bytes.
        const auto began = net::steady_clock::now();
        got = s.converse(client, request(1, version, 2, sent), 2);
        ASSERT_EQ(got.size(), 2U) << version;
        EXPECT_GT(net::steady_clock::now() - began, milliseconds{40}) << version;
        if (version == 0) {
            EXPECT_EQ(got[1].substr(4), body);
        } else {
            EXPECT_GT(fetch_throttle(got[1], version), std::max(told, 40)) << version;
        }
    }
}

TEST(KafkaSessionQuotas, OfConsumersHoldForLongAnswersToo) {
    kafka_session s;
    enforce(s, {bytes_limit(traffic::consume, "orders", 1'000'000)});
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{
            answer(of.correlation(), fetch_answer_body(of.version(), "orders", batch_of_size(200'000), 1))};
    };
    auto client = s.connect();
    auto sent = golden_bodies("fetch_request").at(12);
    const auto began = net::steady_clock::now();
    std::vector<std::string> got;
    for (std::int32_t i = 1; i <= 3; ++i)
        got = s.converse(client, request(1, 12, i, sent), static_cast<std::size_t>(i));
    ASSERT_EQ(got.size(), 3U);
    const auto took = net::steady_clock::now() - began;
    EXPECT_GT(took, milliseconds{395}) << "twice 200,000 bytes at 1,000,000/s";
    EXPECT_LT(took, milliseconds{900});
    EXPECT_EQ(fetch_throttle(got[0], 12), 0);
    EXPECT_GT(fetch_throttle(got[1], 12), 100);
    EXPECT_LT(fetch_throttle(got[1], 12), 300);
    EXPECT_EQ(got[1].substr(9), got[0].substr(9)) << "nothing else changes";
}

TEST(KafkaSessionQuotas, KnowAConsumersGroup) {
    kafka_session s;
    auto limit = bytes_limit(traffic::consume, "", 1'000);
    limit.match.group = "billing";
    enforce(s, {limit});
    answer_with(s, api::fetch, golden_bodies("fetch_response").at(11));
    auto client = s.connect();
    auto sent = golden_bodies("fetch_request").at(11);
    s.converse(client, request(1, 11, 1, sent), 1);
    EXPECT_EQ(decided(s, "smooth", rule_outcome::waited), 0U);
    s.path->cluster.learn_group("shop-1", "billing");
    s.converse(client, request(1, 11, 2, sent), 2);
    EXPECT_GT(decided(s, "smooth", rule_outcome::waited), 0U);
}

}  // namespace
}  // namespace outrider::kafka::testing
