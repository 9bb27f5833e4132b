// Whole conversations over one path to a cluster: clients in memory or at a node's loopback address, a scripted broker.

#include "tests/unit/sidecar/kafka/session.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "sidecar/kafka/api_versions.hpp"

namespace outrider::kafka::testing {
namespace {

constexpr std::int16_t list_offsets = 2, metadata = 3, heartbeat = 12, versions = 18;

TEST(KafkaSession, PassesOpaqueFramesByteForByte) {
    kafka_session s;
    auto client = s.connect();
    std::string body(300, 'x');
    auto asked = request(list_offsets, 99, 41, body);
    s.broker.on_frame = [&](const got_frame& of) { return broker_reply{answer(of.correlation(), body + "!")}; };
    auto got = s.converse(client, asked, 1);
    ASSERT_EQ(s.broker.frames.size(), 1U);
    EXPECT_EQ(framed(s.broker.frames[0].bytes), asked);
    EXPECT_EQ(client->seen, answer(41, body + "!"));
    EXPECT_EQ(s.metrics().of(list_offsets).requests.value(), 1U);
    EXPECT_EQ(s.metrics().of(list_offsets).request_bytes.value(), asked.size());
    EXPECT_EQ(s.metrics().of(list_offsets).answer_bytes.value(), client->seen.size());
}

TEST(KafkaSession, PassesFramesThatComeByteByByte) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{answer(of.correlation(), std::string(20, 'a'))};
    };
    auto client = s.connect();
    auto asked = request(list_offsets, 1, 1, "abc") + request(heartbeat, 4, 2, std::string(600, 'g'));
    for (char c : asked) {
        s.send(client, std::string(1, c));
        s.worker.get_executor().context().poll();
    }
    EXPECT_EQ(correlations(s.answers(client, 2)), (std::vector<std::int32_t>{1, 2}));
    EXPECT_EQ(framed(s.broker.frames[0].bytes) + framed(s.broker.frames[1].bytes), asked);
}

TEST(KafkaSession, PassesFramesThatAreCutAnywhere) {
    const auto asked = request(list_offsets, 1, 1, "abc") + request(versions, 9, 2) + request(heartbeat, 4, 3, "g");
    kafka_session s;
    for (std::size_t cut = 1; cut < asked.size(); ++cut) {
        auto client = s.connect();
        s.send(client, asked.substr(0, cut));
        s.worker.get_executor().context().poll();
        auto got = s.converse(client, asked.substr(cut), 3);
        EXPECT_EQ(correlations(got), (std::vector<std::int32_t>{1, 2, 3})) << "cut at " << cut;
        client->stream.close();
    }
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, PassesAnswersThatAreCutAnywhere) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    const auto whole = answer(1, "first") + answer(2, std::string(30, 'b'));
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
        auto client = s.connect();
        s.send(client, request(list_offsets, 1, 1) + request(list_offsets, 1, 2));
        ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 2 * cut; }));
        s.broker.say(whole.substr(0, cut));
        s.settle();
        s.broker.say(whole.substr(cut));
        s.answers(client, 2);
        EXPECT_EQ(client->seen, whole) << "cut at " << cut;
    }
}

TEST(KafkaSession, TakesNoFurtherRequestsWhileTooManyAnswersAreOwed) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto client = s.connect();
    std::string asked;
    for (std::int32_t i = 0; i < 3'000; ++i) asked += request(heartbeat, 4, i, "g");
    s.send(client, asked);
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() >= 1'000; }));
    s.settle();
    EXPECT_EQ(s.broker.frames.size(), 1'000U);
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, AnswersAllOfManyRequestsThatComeAtOnce) {
    kafka_session s;
    std::string asked;
    std::vector<std::int32_t> expected;
    for (std::int32_t i = 0; i < 3'000; ++i) {
        asked += request(heartbeat, 4, i, "g");
        expected.push_back(i);
    }
    auto patient = s.connect();
    EXPECT_EQ(correlations(s.converse(patient, asked, expected.size())), expected);
}

TEST(KafkaSession, OffersWhatPasses) {
    kafka_session s;
    auto client = s.connect();
    auto got = s.converse(client, request(versions, 0, 5), 1);
    auto offered = decode_api_versions(got.at(0), 0);
    ASSERT_TRUE(offered);
    EXPECT_EQ(offered->find(52), nullptr) << "Vote is between controllers";
    EXPECT_EQ(offered->find(0)->highest, 13);
    EXPECT_EQ(offered->find(0)->lowest, 0);
    EXPECT_EQ(offered->find(8)->highest, 9) << "opaque: no ceiling of ours";
}

TEST(KafkaSession, AnswersAVersionAboveOursInItsTurn) {
    kafka_session s;
    std::string late;
    s.broker.on_frame = [&](const got_frame& of) {
        late += answer(of.correlation(), "late");
        return broker_reply{};
    };
    auto client = s.connect();
    s.send(client, request(list_offsets, 1, 1) + request(versions, 9, 2) + request(list_offsets, 1, 3) +
                       request(versions, 9, 4));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 2; }));
    s.settle();
    EXPECT_EQ(client->seen, "") << "the broker's first answer is due before";
    s.broker.say(late);
    auto got = s.answers(client, 4);
    EXPECT_EQ(correlations(got), (std::vector<std::int32_t>{1, 2, 3, 4}));
    for (auto i : {1U, 3U}) EXPECT_EQ(decode_api_versions(got.at(i), 0)->error, unsupported_version);
    EXPECT_EQ(correlations(s.converse(client, request(versions, 9, 5), 5)).back(), 5) << "at rest: at once";
}

TEST(KafkaSession, RefusesMechanismsThatBindTheHostName) {
    kafka_session s;
    auto client = s.connect();
    auto got = s.converse(client, request(17, 1, 9, std::string("\0\6GSSAPI", 8)), 1);
    auto refusal = decode_sasl_handshake(got.at(0));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->error, unsupported_sasl_mechanism);
    EXPECT_EQ(refusal->correlation, 9);
    EXPECT_TRUE(s.broker.frames.empty());
    EXPECT_EQ(s.metrics().refused_mechanisms.value(), 1U);
}

/// A broker that takes one raw token and answers it with an empty one.
broker_reply agree_to_plain(const got_frame& of) {
    if (of.bytes.starts_with(std::string_view("\0user", 5))) return {framed("")};
    if (of.key() != 17) return {answer(of.correlation(), "ok")};
    return {answer(of.correlation(), std::string("\0\0\0\0\0\2\0\5PLAIN\0\6GSSAPI", 21))};
}

TEST(KafkaSession, PassesRawTokensBehindAHandshakeOfVersion0) {
    kafka_session s;
    s.broker.on_frame = agree_to_plain;
    auto client = s.connect();
    auto got = s.converse(client, request(17, 0, 1, std::string("\0\5PLAIN", 7)), 1);
    EXPECT_EQ(got.at(0).find("GSSAPI"), std::string::npos) << "it is not offered";
    got = s.converse(client, framed(std::string("\0user\0secret", 12)), 2);
    EXPECT_EQ(got.at(1), "") << "the token";
    got = s.converse(client, request(list_offsets, 1, 2), 3);
    EXPECT_EQ(correlations({got.at(2)}), (std::vector<std::int32_t>{2}));
}

TEST(KafkaSession, PassesATokenThatIsShorterThanAnAnswersHeadByteByByte) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame& of) {
        auto reply = agree_to_plain(of);
        if (reply.bytes.size() == 4) reply.bytes.clear();
        return reply;
    };
    auto client = s.connect();
    s.converse(client, request(17, 0, 1, std::string("\0\5PLAIN", 7)), 1);
    s.send(client, framed(std::string("\0user\0secret", 12)));
    s.settle();
    for (char c : framed("")) {
        s.broker.say(std::string(1, c));
        s.settle();
    }
    EXPECT_EQ(s.answers(client, 2).at(1), "");
}

TEST(KafkaSession, SaysWhereTlsOrHttpIsSpoken) {
    kafka_session s;
    for (const auto& first : {std::string("\x16\x03\x01\x02\x00\x01", 6), std::string("GET / HTTP/1.1\r\n\r\n")}) {
        auto client = s.connect();
        s.send(client, first);
        EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
        EXPECT_EQ(client->seen, "");
    }
    EXPECT_EQ(s.metrics().foreign_protocol.value(), 2U);
    EXPECT_TRUE(s.broker.frames.empty());
}

TEST(KafkaSession, RefusesRequestsOfImpossibleSizes) {
    kafka_session s([](config::settings&, config::kafka_cluster& c) { c.frame_bytes = 1'000; });
    const std::string wrong[] = {std::string("\0\0\4\0", 4), std::string("\0\0\0\7", 4), std::string("\0\0\0\0", 4),
                                 std::string("\xff\xff\xff\xff", 4), std::string("\x80\0\0\0", 4)};
    for (const auto& size : wrong) {
        auto client = s.connect();
        s.converse(client, request(list_offsets, 1, 1), 1);
        s.send(client, size + "0123456789");
        EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    }
    EXPECT_EQ(s.metrics().malformed_requests.value(), std::size(wrong));
}

TEST(KafkaSession, RefusesAnswersOfImpossibleSizesAndOnesThatNobodyWaitsFor) {
    kafka_session s([](config::settings&, config::kafka_cluster& c) { c.frame_bytes = 1'000; });
    const std::string wrong[] = {std::string("\0\0\4\0\0\0\0\1", 8), std::string("\0\0\0\3\0\0\0\1", 8),
                                 std::string("\xff\xff\xff\xff\0\0\0\1", 8), answer(2, "ok")};
    for (const auto& bytes : wrong) {
        s.broker.on_frame = [&](const got_frame&) { return broker_reply{bytes}; };
        auto client = s.connect();
        s.send(client, request(list_offsets, 1, 1));
        EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
        EXPECT_EQ(client->seen, "");
    }
    EXPECT_EQ(s.metrics().malformed_answers.value(), std::size(wrong));
}

TEST(KafkaSession, RefusesApisAndVersionsThatWereNotOffered) {
    kafka_session s;
    for (const auto& asked : {request(52, 0, 1), request(500, 0, 1), request(-1, 0, 1), request(metadata, 99, 1),
                              request(metadata, -1, 1), request(list_offsets, -3, 1)}) {
        auto client = s.connect();
        s.send(client, asked);
        EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    }
    EXPECT_TRUE(s.broker.frames.empty());
}

}  // namespace
}  // namespace outrider::kafka::testing
