#include "sidecar/kafka/produce_response.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/apis.hpp"
#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

TEST(ProduceResponse, ReadsWhatAnIndependentClientEncodedInEveryVersion) {
    auto bodies = testing::golden_bodies("produce_response");
    ASSERT_EQ(bodies.size(), 14U);
    produce_response out;
    for (const auto& [version, body] : bodies) {
        wire_reader in{body};
        ASSERT_TRUE(read_produce_response(in, version, out)) << version;
        EXPECT_EQ(in.left(), 0U);
        ASSERT_EQ(out.partitions.size(), 2U);
        const auto& good = out.partitions[0];
        const auto& bad = out.partitions[1];
        EXPECT_EQ(testing::topic_text(good.topic, good.id), version >= 13 ? "id 160" : "orders");
        EXPECT_EQ(good.index, 0);
        EXPECT_EQ(good.error, 0);
        EXPECT_EQ(good.base_offset, 100);
        EXPECT_EQ(good.log_append_time, version >= 2 ? 1700000000500 : -1);
        EXPECT_EQ(good.record_errors, 0);
        EXPECT_EQ(bad.index, 2);
        EXPECT_EQ(bad.error, 87);
        EXPECT_EQ(bad.base_offset, -1);
        EXPECT_EQ(bad.record_errors, version >= 8 ? 1 : 0);
        EXPECT_EQ(out.throttle_ms, version >= 1 ? 25 : 0);
    }
}

TEST(ProduceResponse, SaysWhereThrottleAndTagsAre) {
    auto bodies = testing::golden_bodies("produce_response");
    produce_response out;
    for (const auto& [version, body] : bodies) {
        wire_reader in{body};
        ASSERT_TRUE(read_produce_response(in, version, out));
        if (version == 0) {
            EXPECT_EQ(out.throttle_at, 0U);
            continue;
        }
        auto changed = body;
        wire_writer{changed}.int32_at(out.throttle_at, 99);
        wire_reader again{changed};
        ASSERT_TRUE(read_produce_response(again, version, out));
        EXPECT_EQ(out.throttle_ms, 99);
        EXPECT_EQ(out.tags_at, version >= 9 ? out.throttle_at + 4 : 0);
        if (version >= 10) {
            EXPECT_EQ(body.substr(out.tags_at, 2), "\1\0"sv);
        }
    }
}

TEST(ProduceResponse, RejectsEveryTruncation) {
    produce_response out;
    for (const auto& [version, body] : testing::golden_bodies("produce_response")) {
        for (std::size_t size = 0; size < body.size(); ++size) {
            wire_reader in{std::string_view{body}.substr(0, size)};
            EXPECT_FALSE(read_produce_response(in, version, out)) << version << " " << size;
        }
    }
}

TEST(ProduceResponse, RejectsCountsThatLieAndVersionsItDoesNotKnow) {
    produce_response out;
    wire_reader topics{"\x7f\xff\xff\xff\0\1t"sv},
        errors{"\0\0\0\1\0\1t\0\0\0\1\0\0\0\0\0\0zzzzzzzzyyyyyyyyxxxxxxxx\x7f\0\0\0"sv};
    EXPECT_FALSE(read_produce_response(topics, 0, out));
    EXPECT_FALSE(read_produce_response(errors, 8, out));
    auto body = testing::golden_bodies("produce_response")[13];
    wire_reader newer{body};
    EXPECT_FALSE(read_produce_response(newer, 14, out));
    EXPECT_FALSE(read_produce_response(newer, -1, out));
}

}  // namespace
}  // namespace outrider::kafka
