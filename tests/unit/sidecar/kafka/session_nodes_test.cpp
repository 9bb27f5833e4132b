// How sessions learn where the nodes of their cluster are, and find them.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

constexpr std::int16_t list_offsets = 2, metadata = 3, versions = 18;

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

TEST(KafkaSession, FindsANodeThatMovedWhileNobodyAsked) {
    kafka_session s;
    learned old;
    old.cluster_id = "cluster-of-tests";
    old.nodes.push_back({{node_kind::broker, 7}, {"127.0.0.1", 1}});  // nobody listens there
    s.cluster->learn(old);
    auto client = s.connect_to_node(7);
    EXPECT_EQ(correlations(s.converse(client, request(list_offsets, 1, 1), 1)), (std::vector<std::int32_t>{1}));
}

}  // namespace
}  // namespace outrider::kafka::testing
