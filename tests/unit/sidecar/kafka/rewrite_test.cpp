#include "sidecar/kafka/rewrite.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/golden_answers.hpp"

namespace outrider::kafka {
namespace {

const auto plan = address_plan::loopback(19092);

std::vector<golden_answer> golden() {
    auto all = golden_answers();
    std::erase_if(all, [](const auto& one) { return one.key == 18 || one.key == 17 || one.key == 36; });
    return all;
}

golden_answer golden(api key, std::int16_t version, const std::string& name) {
    for (auto& one : golden())
        if (one.key == static_cast<std::int16_t>(key) && one.version == version && one.name == name) return one;
    ADD_FAILURE() << "no such answer";
    return {};
}

/// The outcome and what a client would get.
struct rewritten_answer {
    rewrite_outcome outcome;
    std::string seen;
    learned facts;
};

rewritten_answer rewrite(const golden_answer& one, const address_plan& with = plan) {
    rewritten_answer result;
    std::string out = "left over";
    result.outcome = rewrite_answer(static_cast<api>(one.key), one.version, one.answer, with, result.facts, out);
    EXPECT_EQ(out.empty(), result.outcome != rewrite_outcome::rewritten) << one.title();
    if (result.outcome == rewrite_outcome::unchanged) result.seen = one.answer;
    if (result.outcome == rewrite_outcome::rewritten) result.seen = std::move(out);
    return result;
}

const host_port* find(const learned& facts, node_key key) {
    for (const auto& node : facts.nodes)
        if (node.key == key) return &node.where;
    return nullptr;
}

TEST(Rewrite, LeavesEveryAnswerAsItIsWhereNodesKeepTheirAddresses) {
    const auto own = address_plan::own();
    EXPECT_TRUE(own.keeps());
    for (const auto& one : golden()) {
        auto result = rewrite(one, own);
        EXPECT_EQ(result.outcome, rewrite_outcome::unchanged) << one.title();
        EXPECT_EQ(result.facts.nodes.size(), rewrite(one).facts.nodes.size())
            << one.title() << ": learned all the same";
    }
}

TEST(Rewrite, GivesWhatAnotherImplementationWritesWithAdvertisedAddresses) {
    EXPECT_EQ(golden().size(), 65U);
    for (const auto& one : golden()) {
        auto result = rewrite(one);
        EXPECT_EQ(result.seen, one.expected) << one.title();
        EXPECT_NE(result.outcome, rewrite_outcome::malformed) << one.title();
        EXPECT_EQ(result.outcome == rewrite_outcome::unchanged, one.expected == one.answer) << one.title();
        EXPECT_EQ(result.seen.find("brokers.internal"), std::string::npos) << one.title();
    }
}

TEST(Rewrite, RejectsEveryTruncationAndWhatFollowsTheEnd) {
    for (auto one : golden()) {
        if (!names_nodes(static_cast<api>(one.key), one.version)) continue;
        auto whole = one.answer;
        for (std::size_t size = 0; size < whole.size(); ++size) {
            one.answer = whole.substr(0, size);
            auto result = rewrite(one);
            EXPECT_EQ(result.outcome, rewrite_outcome::malformed) << one.title() << " to " << size;
            EXPECT_TRUE(result.facts.empty());
        }
        one.answer = whole + '\0';
        EXPECT_EQ(rewrite(one).outcome, rewrite_outcome::malformed) << one.title();
    }
}

// A host that a mutation moved into another field is text there, not an address. What counts is what a client reads as
// nodes: reading the rewritten answer again must find advertised addresses only, so that nothing changes any more.
TEST(Rewrite, LeavesNothingToRewriteInWhateverPasses) {
    std::mt19937 random{18};
    for (const auto& original : golden()) {
        for (int round = 0; round < 300; ++round) {
            auto one = original;
            for (auto edits = 1 + random() % 3; edits > 0; --edits)
                one.answer[random() % one.answer.size()] =
                    static_cast<char>(random() % 4 == 0 ? random() : random() % 8);
            auto first = rewrite(one);
            if (first.outcome == rewrite_outcome::malformed) continue;
            one.answer = first.seen;
            auto again = rewrite(one);
            ASSERT_NE(again.outcome, rewrite_outcome::malformed) << one.title();
            EXPECT_EQ(again.seen, first.seen) << one.title();
            for (const auto& node : again.facts.nodes) EXPECT_EQ(plan.advertise(node.key), node.where) << one.title();
        }
    }
}

TEST(Rewrite, LearnsNodesClusterAndTopicsFromMetadata) {
    auto facts = rewrite(golden(api::metadata, 13, "nodes")).facts;
    EXPECT_EQ(facts.cluster_id, "the-cluster");
    ASSERT_NE(find(facts, {node_kind::broker, 1}), nullptr);
    EXPECT_EQ(*find(facts, {node_kind::broker, 1}), (host_port{"10.11.12.13", 9093}));
    EXPECT_EQ(find(facts, {node_kind::broker, 7}), nullptr);
    ASSERT_EQ(facts.topics.size(), 2U);
    EXPECT_EQ(facts.topics[0].name, "orders");
    EXPECT_EQ(facts.topics[0].id.bytes[0], 1);
    auto old = rewrite(golden(api::metadata, 1, "nodes")).facts;
    EXPECT_EQ(old.cluster_id, "");
    EXPECT_EQ(old.topics.size(), 0U);
    EXPECT_EQ(old.nodes.size(), facts.nodes.size());
}

TEST(Rewrite, LearnsCoordinatorsControllersAndNewLeaders) {
    node_key broker{node_kind::broker, 1}, controller{node_kind::controller, 1};
    EXPECT_NE(find(rewrite(golden(api::find_coordinator, 2, "found")).facts, broker), nullptr);
    EXPECT_NE(find(rewrite(golden(api::find_coordinator, 6, "found")).facts, broker), nullptr);
    EXPECT_NE(find(rewrite(golden(api::produce, 10, "moved")).facts, broker), nullptr);
    EXPECT_NE(find(rewrite(golden(api::fetch, 18, "moved")).facts, broker), nullptr);
    EXPECT_NE(find(rewrite(golden(api::share_fetch, 1, "nodes")).facts, broker), nullptr);
    auto controllers = rewrite(golden(api::describe_cluster, 1, "controllers")).facts;
    EXPECT_NE(find(controllers, controller), nullptr);
    EXPECT_EQ(find(controllers, broker), nullptr);
}

TEST(Rewrite, NamesPortsUnderThePlanOfPorts) {
    auto one = golden(api::find_coordinator, 6, "found");
    auto seen = rewrite(one, address_plan::ports({"sidecar", 20000})).seen;
    EXPECT_NE(seen.find(std::string("\x08sidecar\x00\x00\x4e\x21", 12)), std::string::npos);
}

TEST(Rewrite, KeepsANodeWhoseHostIsNull) {
    // Metadata 0: one broker with a null host, no topics.
    std::string bytes;
    wire_writer out{bytes};
    out.int32(1);
    out.array(1, encoding::classic);
    out.int32(4);
    out.string({}, encoding::classic);
    out.int32(9092);
    out.array(0, encoding::classic);
    auto result = rewrite({3, 0, "null", bytes, bytes});
    EXPECT_EQ(result.outcome, rewrite_outcome::unchanged);
    EXPECT_TRUE(result.facts.nodes.empty());
}

TEST(Rewrite, PassesWhatCannotNameNodes) {
    EXPECT_FALSE(names_nodes(api::produce, 9));
    EXPECT_FALSE(names_nodes(api::fetch, 15));
    EXPECT_FALSE(names_nodes(api::join_group, 5));
    EXPECT_EQ(rewrite({11, 5, "join", "anything", ""}).outcome, rewrite_outcome::unchanged);
}

TEST(Rewrite, RejectsVersionsItDoesNotKnow) {
    auto one = golden(api::metadata, 13, "nodes");
    one.version = 14;
    EXPECT_EQ(rewrite(one).outcome, rewrite_outcome::malformed);
    one.version = -1;
    EXPECT_EQ(rewrite(one).outcome, rewrite_outcome::malformed);
}

}  // namespace
}  // namespace outrider::kafka
