#include "sidecar/kafka/group_requests.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

TEST(GroupRequests, FindsTheGroupInBothEncodings) {
    for (std::int16_t key : {8, 9, 11, 12, 13, 14}) {
        EXPECT_EQ(group_of_request("\0\5stock..."sv, key, 0), "stock") << key;
        EXPECT_EQ(group_of_request("\6stock..."sv, key,
                                   key == 8                              ? 8
                                   : key == 12 || key == 13 || key == 14 ? 4
                                                                         : 6),
                  "stock")
            << key;
    }
    for (std::int16_t key : {68, 76, 78, 79, 88}) EXPECT_EQ(group_of_request("\6stock"sv, key, 0), "stock") << key;
    EXPECT_EQ(group_of_request("\0\5stock"sv, 11, 5), "stock");
}

TEST(GroupRequests, FindsNoneWhereTheGroupIsNotTheFirstField) {
    EXPECT_EQ(group_of_request("\6stock"sv, 9, 7), "stock");
    EXPECT_EQ(group_of_request("\2\6stock"sv, 9, 8).data(), nullptr);
    for (std::int16_t key : {0, 1, 3, 28, 999, -1})
        EXPECT_EQ(group_of_request("\0\5stock"sv, key, 0).data(), nullptr) << key;
}

TEST(GroupRequests, FindsNoneInBytesThatMakeNoSense) {
    EXPECT_EQ(group_of_request("\0\6stock"sv, 8, 0).data(), nullptr);
    EXPECT_EQ(group_of_request(""sv, 8, 0).data(), nullptr);
    EXPECT_EQ(group_of_request("\0"sv, 78, 1).data(), nullptr);
}

TEST(OffsetCommit, ReadsWhatAnIndependentClientEncodedInEveryVersion) {
    auto bodies = testing::golden_bodies("offset_commit");
    ASSERT_EQ(bodies.size(), 11U);
    offset_commit out;
    for (const auto& [version, body] : bodies) {
        wire_reader in{body};
        ASSERT_TRUE(read_offset_commit(in, version, 100, out)) << version;
        EXPECT_EQ(in.left(), 0U);
        EXPECT_EQ(group_of_request(body, 8, version), "stock");
        EXPECT_EQ(out.group, "stock");
        EXPECT_EQ(out.generation, version >= 1 ? 5 : -1);
        EXPECT_EQ(out.member, version >= 1 ? "member-1" : "");
        ASSERT_EQ(out.partitions.size(), 2U);
        EXPECT_EQ(out.left_out, 0U);
        for (std::int32_t i : {0, 1}) {
            const auto& committed = out.partitions[static_cast<std::size_t>(i)];
            EXPECT_EQ(testing::topic_text(committed.topic, committed.id), version >= 10 ? "id 160" : "orders");
            EXPECT_EQ(committed.index, i);
            EXPECT_EQ(committed.offset, 103 + i);
            EXPECT_EQ(committed.leader_epoch, version >= 6 ? 3 : -1);
        }
    }
}

TEST(OffsetCommit, KeepsNoMoreThanItIsAllowed) {
    offset_commit out;
    auto body = testing::golden_bodies("offset_commit")[9];
    wire_reader in{body};
    EXPECT_TRUE(read_offset_commit(in, 9, 1, out));
    EXPECT_EQ(out.partitions.size(), 1U);
    EXPECT_EQ(out.left_out, 1U);
}

TEST(OffsetCommit, RejectsEveryTruncation) {
    offset_commit out;
    for (const auto& [version, body] : testing::golden_bodies("offset_commit")) {
        for (std::size_t size = 0; size < body.size(); ++size) {
            wire_reader in{std::string_view{body}.substr(0, size)};
            EXPECT_FALSE(read_offset_commit(in, version, 100, out)) << version << " " << size;
        }
    }
    wire_reader lie{"\0\1g\x7f\xff\xff\xff\0\1t"sv};
    EXPECT_FALSE(read_offset_commit(lie, 0, 100, out));
}

}  // namespace
}  // namespace outrider::kafka
