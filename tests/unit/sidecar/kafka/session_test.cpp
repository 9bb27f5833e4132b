// Whole conversations over one path to a cluster: clients in memory or at a node's loopback address, a scripted broker.

#include "tests/unit/sidecar/kafka/session.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "sidecar/kafka/api_versions.hpp"

namespace outrider::kafka::testing {
namespace {

constexpr std::int16_t list_offsets = 2, metadata = 3, heartbeat = 12, versions = 18;

/// The correlation ids, in order.
std::vector<std::int32_t> correlations(const std::vector<std::string>& answers) {
    std::vector<std::int32_t> out;
    for (const auto& each : answers) out.push_back(wire_reader{each}.int32());
    return out;
}

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

TEST(KafkaSession, RewritesMetadataAndLearnsIt) {
    kafka_session s;
    auto client = s.connect();
    auto got = s.converse(client, request(metadata, 8, 5, std::string("\0\0\0\0\0\0\0", 7)), 1);
    EXPECT_NE(got.at(0).find("127.1.0.3"), std::string::npos);
    EXPECT_NE(got.at(0).find("127.1.0.7"), std::string::npos);
    auto view = s.cluster->map.view();
    EXPECT_EQ(view->cluster_id, "cluster-of-tests");
    ASSERT_TRUE(view->find({node_kind::broker, 7}));
    EXPECT_EQ(view->find({node_kind::broker, 7})->port, s.broker.port());
}

TEST(KafkaSession, EndsWhereAMetadataAnswerCannotBeRead) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{answer(of.correlation(), "broker1.internal:9092, and more that is no Metadata")};
    };
    auto client = s.connect();
    s.send(client, request(metadata, 8, 5, std::string("\0\0\0\0\0\0\0", 7)));
    ASSERT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(client->seen, "") << "an address might pass";
    EXPECT_EQ(s.metrics().malformed_answers.value(), 1U);
}

TEST(KafkaSession, HoldsAClientOfAnUnknownNodeWhileTheMapIsLearned) {
    kafka_session s;
    auto client = s.connect_to_node(7);
    EXPECT_EQ(correlations(s.converse(client, request(list_offsets, 1, 1), 1)), (std::vector<std::int32_t>{1}));
    EXPECT_EQ(s.broker.connections, 2) << "one to ask, one to the node";
    ASSERT_EQ(s.broker.frames.size(), 3U);
    EXPECT_EQ(s.broker.frames[0].key(), versions);
    EXPECT_EQ(s.broker.frames[1].key(), metadata);
    EXPECT_EQ(s.broker.frames[2].connection, 1);
    auto second = s.connect_to_node(3);
    s.converse(second, request(list_offsets, 1, 1), 1);
    EXPECT_EQ(s.broker.connections, 3) << "it is known now";
}

TEST(KafkaSession, TurnsAClientAwayThatMeansNoNodeOfTheCluster) {
    kafka_session s;
    auto client = s.connect_to_node(8);
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(s.metrics().connections_failed.value(), 1U);
}

TEST(KafkaSession, LearnsFromTheClientsOwnMetadataWhereItCannotAsk) {
    kafka_session s;
    // Like a broker that wants to know who asks: on its first connection it answers no Metadata.
    s.broker.on_frame = [&](const got_frame& of) {
        if (of.connection == 0 && of.key() == metadata) return broker_reply{{}, true};
        return s.broker.usual(of);
    };
    auto client = s.connect_to_node(7);
    s.converse(client, request(list_offsets, 1, 1), 1);
    auto asked = request(metadata, 8, 2, std::string("\0\0\0\0\0\0\0", 7));
    auto got = s.converse(client, asked, 2);
    EXPECT_NE(got.at(1).find("127.1.0.7"), std::string::npos);
    EXPECT_TRUE(s.turn_until([&] { return client->ended; })) << "it has to come again";
    EXPECT_TRUE(s.cluster->map.view()->find({node_kind::broker, 7}));
    auto again = s.connect_to_node(7);
    s.converse(again, request(list_offsets, 1, 3) + request(metadata, 8, 4, std::string("\0\0\0\0\0\0\0", 7)), 2);
    s.settle();
    EXPECT_FALSE(again->ended);
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

TEST(KafkaSession, EndsBothSidesWhereEitherEnds) {
    kafka_session s;
    const auto asked = request(list_offsets, 1, 1, "abc");
    for (std::size_t sent = 0; sent <= asked.size(); ++sent) {
        auto client = s.connect();
        s.send(client, asked.substr(0, sent));
        s.settle();
        client->stream.close();
        EXPECT_TRUE(s.turn_until_idle()) << sent;
    }
    EXPECT_TRUE(s.turn_until([&] { return s.broker.ended == s.broker.connections; }));
    const auto told = answer(1, "abc");
    for (std::size_t sent = 0; sent <= told.size(); ++sent) {
        s.broker.on_frame = [&](const got_frame&) { return broker_reply{told.substr(0, sent), true}; };
        auto client = s.connect();
        s.send(client, asked);
        EXPECT_TRUE(s.turn_until([&] { return client->ended; })) << sent;
        EXPECT_EQ(client->seen, sent < 8 ? "" : told.substr(0, sent)) << "what was passed on is not lost";
    }
}

TEST(KafkaSession, GivesAClientThatEndedItsSendingTheAnswersItIsOwed) {
    kafka_session s;
    auto client = s.connect();
    s.send_and_end(client, request(list_offsets, 1, 1) + request(versions, 9, 2) + request(list_offsets, 1, 3));
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(correlations(client->answers()), (std::vector<std::int32_t>{1, 2, 3}));
}

TEST(KafkaSession, DrainsIdleSessionsAtOnceAndOthersWithTheirLastAnswer) {
    kafka_session s;
    auto idle = s.connect(), busy = s.connect();
    s.converse(idle, request(list_offsets, 1, 1), 1);
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    s.send(busy, request(list_offsets, 1, 2));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 2; }));
    s.path->drain();
    EXPECT_TRUE(s.turn_until([&] { return idle->ended; }));
    s.settle();
    EXPECT_FALSE(busy->ended);
    s.broker.say(answer(2, "ok"));
    EXPECT_TRUE(s.turn_until([&] { return busy->ended; }));
    EXPECT_EQ(busy->seen, answer(2, "ok"));
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, TakesNoFurtherRequestWhileItDrains) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto client = s.connect();
    s.send(client, request(list_offsets, 1, 1));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 1; }));
    s.path->drain();
    s.send(client, request(list_offsets, 1, 2));
    s.settle();
    EXPECT_EQ(s.broker.frames.size(), 1);
    s.broker.say(answer(1, "ok"));
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(client->seen, answer(1, "ok"));
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, EndsAClientThatComesWhileItDrains) {
    kafka_session s;
    auto client = s.connect();
    s.path->drain();
    s.send(client, request(list_offsets, 1, 1));
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, AbortsWhatIsUnderWay) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto client = s.connect();
    s.send(client, request(list_offsets, 1, 2) + std::string("\0\0\0\x50half a", 10));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 1; }));
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, AbortsThoughNeitherSideTakesAnything) {
    kafka_session s;
    s.broker.deaf = true;
    auto client = s.connect(false);
    s.send(client, request(list_offsets, 1, 2, std::string(20'000'000, 'x')));
    s.settle();
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
    client->stream.close();
}

TEST(KafkaSession, TurnsAwayWhereNoBrokerListens) {
    kafka_session s([](config::settings&, config::kafka_cluster& c) { c.brokers.assign(1, {"127.0.0.1", 1}); });
    auto client = s.connect();
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(s.metrics().connections_failed.value(), 1U);
}

TEST(KafkaSession, FindsANodeThatMovedWhileNobodyAsked) {
    kafka_session s;
    learned old;
    old.cluster_id = "cluster-of-tests";
    old.nodes.push_back({{node_kind::broker, 7}, {"127.0.0.1", 1}});  // nobody listens there
    s.cluster->learn(old);
    auto client = s.connect_to_node(7);
    EXPECT_EQ(correlations(s.converse(client, request(list_offsets, 1, 1), 1)), (std::vector<std::int32_t>{1}));
}

TEST(KafkaSession, EndsWithTheLastOwedAnswerEvenIfTheBrokerStays) {
    kafka_session s;
    // A broker that does not close at the end of the client's requests.
    std::string late;
    s.broker.on_frame = [&](const got_frame& of) {
        late = answer(of.correlation(), "late");
        return broker_reply{};
    };
    s.broker.closes_at_end = false;
    auto client = s.connect();
    s.send_and_end(client, request(list_offsets, 1, 1));
    ASSERT_TRUE(s.turn_until([&] { return !late.empty(); }));
    s.settle();
    s.broker.say(late);
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(client->seen, late);
}

TEST(KafkaSession, AbortsWhileItConnects) {
    kafka_session s([](config::settings&, config::kafka_cluster& c) {
        // Brokers that accept and then keep silent where a handshake is due.
        c.brokers.resize(3, c.brokers.front());
        c.protocol = config::broker_protocol::tls;
        c.connect = std::chrono::milliseconds{3'000};
    });
    s.broker.deaf = true;
    auto client = s.connect();
    ASSERT_TRUE(s.turn_until([&] { return s.broker.connections == 1; }));
    auto began = net::steady_clock::now();
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
    EXPECT_LT(net::steady_clock::now() - began, std::chrono::seconds{2});
    EXPECT_EQ(s.broker.connections, 1);
}

/// A session that the test looks into and after.
struct direct_session {
    explicit direct_session(kafka_session& on) {
        auto [ours, theirs] = net::connected_pair(on.worker.get_executor());
        hold_little(theirs);
        on.path->on_broker_connected = &hold_little;
        own = std::make_shared<kafka::session>(*on.path, std::move(theirs), net::tcp_endpoint{});
        on.worker.tasks().spawn(serve(own));
        client = std::make_shared<session_client>(std::move(ours));
    }
    /// So that what is written waits soon.
    static void hold_little(net::stream& made) {
        const int bytes = 4'096;
        EXPECT_EQ(::setsockopt(made.lower().native_handle(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
    }
    static net::awaitable<void> serve(std::shared_ptr<kafka::session> own) { co_await own->serve(); }

    std::shared_ptr<kafka::session> own;
    client_ptr client;
};

TEST(KafkaSession, DoesNotCutTheLastAnswerOfADrain) {
    kafka_session s;
    const std::string large(2'000'000, 'x');
    s.broker.on_frame = [&](const got_frame& of) { return broker_reply{answer(of.correlation(), large)}; };
    direct_session direct{s};
    s.send(direct.client, request(list_offsets, 1, 1));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 1; }));
    s.settle();
    std::string seen;
    while (!direct.own->talk.expected.empty()) {
        seen += s.take(direct.client, 4'096);
        s.settle();
    }
    ASSERT_FALSE(direct.own->talk.answers_at_rest) << "the last bytes are read, but the client has no room for them";
    s.path->drain();
    direct.own->look(net::steady_clock::now());
    direct.own.reset();
    s.settle();
    s.read_on(direct.client);
    EXPECT_TRUE(s.turn_until([&] { return direct.client->ended; }));
    EXPECT_EQ(seen.size() + direct.client->seen.size(), large.size() + 8);
}

TEST(KafkaSession, EndsWhereABrokerTakesNoRequestsAnyMore) {
    kafka_session s;
    s.broker.deaf = true;
    direct_session direct{s};
    // Whole frames, one by one: none is ever unfinished.
    const auto frame = request(list_offsets, 1, 1, std::string(4'000, 'x'));
    boost::asio::const_buffer out{frame.data(), frame.size()};
    net::error_code ec;
    while (direct.client->stream.write_now({&out, 1}, ec) == frame.size()) s.worker.get_executor().context().poll();
    s.settle();
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{59});
    s.settle();
    EXPECT_FALSE(direct.own->over);
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{61});
    EXPECT_TRUE(direct.own->over);
    direct.own.reset();
    EXPECT_TRUE(s.turn_until_idle());
    direct.client->stream.close();
}

TEST(KafkaSession, EndsWhereTheLastAnswersNeverCome) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    s.broker.closes_at_end = false;
    direct_session direct{s};
    s.send_and_end(direct.client, request(list_offsets, 1, 1));
    s.settle();
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{59});
    s.settle();
    EXPECT_FALSE(direct.own->over);
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{61});
    direct.own.reset();
    EXPECT_TRUE(s.turn_until_idle());
}

}  // namespace
}  // namespace outrider::kafka::testing
