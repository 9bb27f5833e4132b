#include "sidecar/kafka/fetch_request.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

TEST(FetchRequest, ReadsWhatAnIndependentClientEncodedInEveryVersion) {
    auto bodies = testing::golden_bodies("fetch_request");
    ASSERT_EQ(bodies.size(), 19U);
    fetch_request out;
    for (const auto& [version, body] : bodies) {
        wire_reader in{body};
        ASSERT_TRUE(read_fetch_request(in, version, out)) << version;
        EXPECT_EQ(in.left(), 0U);
        EXPECT_EQ(out.replica_id, version >= 15 ? 5 : -1) << version;
        EXPECT_EQ(out.max_wait_ms, 500);
        EXPECT_EQ(out.min_bytes, 1);
        EXPECT_EQ(out.max_bytes, version >= 3 ? 52428800 : 0x7fffffff);
        EXPECT_EQ(out.isolation_level, version >= 4 ? 1 : 0);
        EXPECT_EQ(out.session_id, version >= 7 ? 77 : 0);
        EXPECT_EQ(out.session_epoch, version >= 7 ? 3 : -1);
        EXPECT_EQ(out.rack, version >= 11 ? "rack-a" : "");
        ASSERT_EQ(out.partitions.size(), 1U);
        const auto& wanted = out.partitions[0];
        EXPECT_EQ(testing::topic_text(wanted.topic, wanted.id), version >= 13 ? "id 160" : "orders");
        EXPECT_EQ(wanted.index, 2);
        EXPECT_EQ(wanted.offset, 1000);
        EXPECT_EQ(wanted.leader_epoch, version >= 9 ? 4 : -1);
        EXPECT_EQ(wanted.max_bytes, 1048576);
        ASSERT_EQ(out.forgotten.size(), version >= 7 ? 2U : 0U);
        if (version < 7) continue;
        EXPECT_EQ(testing::topic_text(out.forgotten[1].topic, out.forgotten[1].id),
                  version >= 13 ? "id 176" : "payments");
        EXPECT_EQ(out.forgotten[0].index, 0);
        EXPECT_EQ(out.forgotten[1].index, 7);
    }
}

TEST(FetchRequest, RejectsEveryTruncation) {
    fetch_request out;
    for (const auto& [version, body] : testing::golden_bodies("fetch_request")) {
        for (std::size_t size = 0; size < body.size(); ++size) {
            wire_reader in{std::string_view{body}.substr(0, size)};
            EXPECT_FALSE(read_fetch_request(in, version, out)) << version << " " << size;
        }
    }
}

TEST(FetchRequest, RejectsCountsThatLieAndVersionsItDoesNotKnow) {
    fetch_request out;
    wire_reader lie{"\xff\xff\xff\xff\0\0\0\0\0\0\0\0\x7f\xff\xff\xff\0\1t"sv};
    EXPECT_FALSE(read_fetch_request(lie, 0, out));
    auto body = testing::golden_bodies("fetch_request")[18];
    wire_reader newer{body};
    EXPECT_FALSE(read_fetch_request(newer, 19, out));
}

TEST(FetchRequest, AConsumerLeavesTheReplicaStateOut) {
    fetch_request out;
    out.replica_id = 7;
    wire_reader in{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\1\0"sv};
    EXPECT_TRUE(read_fetch_request(in, 15, out));
    EXPECT_EQ(out.replica_id, -1);
}

}  // namespace
}  // namespace outrider::kafka
