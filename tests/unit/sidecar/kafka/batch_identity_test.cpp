#include "sidecar/kafka/batch_identity.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/batches.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

const batch_place place{"kYbOCUUVTjqo5v3XyNLpRw", "orders", 3};

TEST(BatchIdentity, EncodesAProducersKeyAsDocumented) {
    EXPECT_EQ(encode_batch_key(producer_key{{"c", "t\xc3\xa9", 258}, 4711, 2, 77}),
              "outrider.kafka.batch"
              "\x01\x01"
              "\0\0\0\x01"
              "c"
              "\0\0\0\x03"
              "t\xc3\xa9"
              "\0\0\x01\x02"
              "\0\0\0\0\0\0\x12\x67"
              "\0\x02"
              "\0\0\0\x4d"sv);
}

TEST(BatchIdentity, EncodesTheOtherKeysAsDocumented) {
    EXPECT_EQ(encode_batch_key(offset_key{{"", "t", 0}, 256}),
              "outrider.kafka.batch"
              "\x01\x02"
              "\0\0\0\0"
              "\0\0\0\x01"
              "t"
              "\0\0\0\0"
              "\0\0\0\0\0\0\x01\0"sv);
    EXPECT_EQ(encode_batch_key(content_key{{"", "t", 0}, -1, 0xdeadbeef, 5}),
              "outrider.kafka.batch"
              "\x01\x03"
              "\0\0\0\0"
              "\0\0\0\x01"
              "t"
              "\0\0\0\0"
              "\xff\xff\xff\xff\xff\xff\xff\xff"
              "\xde\xad\xbe\xef"
              "\0\0\0\x05"sv);
}

// Computed by Python's hashlib over the documented encoding. Sidecars of all versions must agree: never change these.
TEST(BatchIdentity, DerivesTheIdsThatEverySidecarDerives) {
    auto producer = derive_context(producer_key{place, 4711, 3, 500}, true);
    EXPECT_EQ(producer.trace.hex(), "558344101d7174b31f6aa49ce1b820be");
    EXPECT_EQ(producer.span.hex(), "60e57d62aa53df5f");
    auto offset = derive_context(offset_key{place, 1'234'567}, true);
    EXPECT_EQ(offset.trace.hex(), "c8d8ad3a82275a85cc9e7cd4206e42cc");
    EXPECT_EQ(offset.span.hex(), "76de99288041a625");
    auto content = derive_context(content_key{place, 1'700'000'000'000, 0xdeadbeef, 20}, true);
    EXPECT_EQ(content.trace.hex(), "ce00f3d2413becd3ee8bceed9a1c6d96");
    EXPECT_EQ(content.span.hex(), "6a41109a44f36ed4");
}

TEST(BatchIdentity, SaysThatTheTraceIdIsRandomAndWhetherItIsSampled) {
    EXPECT_EQ(derive_context(offset_key{place, 1}, true).flags, tracing::flag_random | tracing::flag_sampled);
    EXPECT_EQ(derive_context(offset_key{place, 1}, false).flags, tracing::flag_random);
}

TEST(BatchIdentity, TellsApartWhatDiffersInOneField) {
    auto trace = [](const batch_key& key) { return derive_context(key, true).trace.hex(); };
    std::vector<std::string> traces{
        trace(producer_key{place, 1, 2, 3}),
        trace(producer_key{place, 2, 2, 3}),
        trace(producer_key{place, 1, 3, 3}),
        trace(producer_key{place, 1, 2, 4}),
        trace(producer_key{{place.cluster_id, place.topic, 4}, 1, 2, 3}),
        trace(producer_key{{place.cluster_id, "orders2", 3}, 1, 2, 3}),
        trace(producer_key{{"other", place.topic, 3}, 1, 2, 3}),
        trace(offset_key{place, 1}),
        trace(content_key{place, 1, 2, 3}),
    };
    std::sort(traces.begin(), traces.end());
    EXPECT_EQ(std::adjacent_find(traces.begin(), traces.end()), traces.end());
}

TEST(BatchIdentity, DoesNotMistakeOnePlaceForAnother) {
    EXPECT_NE(encode_batch_key(offset_key{{"ab", "c", 0}, 0}), encode_batch_key(offset_key{{"a", "bc", 0}, 0}));
    EXPECT_NE(encode_batch_key(offset_key{{"", "abc", 0}, 0}), encode_batch_key(offset_key{{"abc", "", 0}, 0}));
}

TEST(BatchIdentity, ProducerAndConsumerFindTheSameKey) {
    auto sent = read_batch_header(testing::golden("idempotent"));
    auto stored = *sent;
    stored.base_offset = 90'000;
    stored.leader_epoch = 7;
    stored.max_timestamp += 1;
    stored.crc ^= 1;
    EXPECT_EQ(encode_batch_key(key_before_send(place, *sent)), encode_batch_key(key_in_log(place, stored)));
}

TEST(BatchIdentity, WithoutAProducerIdTheOffsetIsTheKey) {
    auto header = *read_batch_header(testing::golden("plain"));
    header.base_offset = 90'000;
    EXPECT_EQ(encode_batch_key(key_in_log(place, header)), encode_batch_key(offset_key{place, 90'000}));
    EXPECT_TRUE(std::holds_alternative<content_key>(key_before_send(place, header)));
}

}  // namespace
}  // namespace outrider::kafka
