#include "sidecar/kafka/cluster_map.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outrider::kafka {
namespace {

constexpr node_key broker_1{node_kind::broker, 1};
constexpr node_key controller_1{node_kind::controller, 1};

topic_id id(std::uint8_t number) {
    topic_id one;
    one.bytes[15] = number;
    return one;
}

learned node_at(node_key key, const std::string& host) { return {"", {{key, {host, 9092}}}, {}}; }

TEST(ClusterMap, SaysWhetherAnythingIsNew) {
    cluster_map map;
    learned facts{"c1", {{broker_1, {"b1", 9092}}}, {{id(1), "orders"}}};
    EXPECT_TRUE(map.learn(facts));
    EXPECT_FALSE(map.learn(facts));
    EXPECT_FALSE(map.learn({}));
    EXPECT_EQ(map.view()->generation, 1U);
}

TEST(ClusterMap, FollowsABrokerThatMoves) {
    cluster_map map;
    map.learn(node_at(broker_1, "old"));
    auto before = map.view();
    EXPECT_TRUE(map.learn(node_at(broker_1, "new")));
    EXPECT_EQ(before->find(broker_1)->host, "old");
    EXPECT_EQ(map.view()->find(broker_1)->host, "new");
    EXPECT_GT(map.view()->generation, before->generation);
}

TEST(ClusterMap, KeepsNodesThatAnAnswerLeavesOut) {
    cluster_map map;
    map.learn(node_at(broker_1, "b1"));
    map.learn(node_at({node_kind::broker, 2}, "b2"));
    EXPECT_NE(map.view()->find(broker_1), nullptr);
}

TEST(ClusterMap, KeepsControllersApart) {
    cluster_map map;
    map.learn(node_at(broker_1, "b1"));
    map.learn(node_at(controller_1, "c1"));
    EXPECT_EQ(map.view()->find(broker_1)->host, "b1");
    EXPECT_EQ(map.view()->find(controller_1)->host, "c1");
}

TEST(ClusterMap, ForgetsEverythingOfAnotherCluster) {
    cluster_map map;
    map.learn({"c1", {{broker_1, {"b1", 9092}}}, {{id(1), "orders"}}});
    EXPECT_TRUE(map.learn({"c2", {}, {}}));
    EXPECT_EQ(map.view()->cluster_id, "c2");
    EXPECT_EQ(map.view()->find(broker_1), nullptr);
    EXPECT_EQ(map.topic_name(id(1)), nullptr);
    EXPECT_EQ(map.topic_named("orders"), std::nullopt);
}

TEST(ClusterMap, DoesNotLearnNodesThatNobodyCanReach) {
    cluster_map map;
    EXPECT_FALSE(map.learn(node_at({node_kind::broker, -1}, "b")));
    EXPECT_FALSE(map.learn(node_at(broker_1, "")));
    EXPECT_FALSE(map.learn({"", {{broker_1, {"b", 0}}, {broker_1, {"b", 65536}}}, {}}));
}

TEST(ClusterMap, DoesNotLearnTextThatKafkaCannotHold) {
    cluster_map map;
    EXPECT_FALSE(map.learn({std::string(256, 'c'), {}, {}}));
    EXPECT_FALSE(map.learn(node_at(broker_1, std::string(256, 'h'))));
    EXPECT_FALSE(map.learn(node_at(broker_1, "b\n")));
    EXPECT_FALSE(map.learn(node_at(broker_1, "\xff")));
    EXPECT_FALSE(map.learn({"", {}, {{id(1), std::string(250, 't')}, {id(2), "a/b"}}}));
}

TEST(ClusterMap, KnowsTopicsBothWays) {
    cluster_map map;
    map.learn({"", {}, {{id(1), "orders"}, {topic_id{}, "none"}, {id(2), ""}}});
    EXPECT_EQ(*map.topic_name(id(1)), "orders");
    EXPECT_EQ(map.topic_named("orders"), id(1));
    EXPECT_EQ(map.topic_count(), 1U);
}

TEST(ClusterMap, ATopicCreatedAgainHasItsNewestId) {
    cluster_map map{{.nodes = 1, .topics = 2}};
    map.learn({"", {}, {{id(1), "orders"}}});
    map.learn({"", {}, {{id(2), "orders"}}});
    EXPECT_EQ(map.topic_named("orders"), id(2));
    EXPECT_EQ(*map.topic_name(id(1)), "orders");
    map.learn({"", {}, {{id(3), "stock"}}});
    EXPECT_EQ(map.topic_name(id(1)), nullptr);
    EXPECT_EQ(map.topic_named("orders"), id(2));
}

TEST(ClusterMap, BoundsBothTables) {
    cluster_map map{{.nodes = 2, .topics = 3}};
    learned many;
    for (std::uint8_t i = 1; i <= 9; ++i) {
        many.nodes.push_back({{node_kind::broker, i}, {"b", 9092}});
        many.topics.push_back({id(i), "t" + std::to_string(i)});
    }
    map.learn(many);
    EXPECT_EQ(map.view()->nodes.size(), 2U);
    EXPECT_EQ(map.topic_count(), 3U);
    EXPECT_EQ(map.topic_named("t6"), std::nullopt);
    EXPECT_EQ(map.topic_named("t9"), id(9));
    EXPECT_TRUE(map.learn(node_at(broker_1, "moved")));
}

TEST(ClusterMap, ShowsItsState) {
    cluster_map map;
    map.learn({"c", {{broker_1, {"b1", 9092}}, {controller_1, {"q1", 9093}}}, {{id(1), "orders"}}});
    EXPECT_EQ(map.state(), nlohmann::json::parse(R"({"cluster_id": "c", "generation": 1, "topic_ids": 1,
        "brokers": [{"id": 1, "host": "b1", "port": 9092}], "controllers": [{"id": 1, "host": "q1", "port": 9093}]})"));
}

}  // namespace
}  // namespace outrider::kafka
