#include "sidecar/kafka/record_injection_contexts.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/record_injection.hpp"
#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tracing/hex.hpp"

namespace outrider::kafka {
namespace {

using testing::batch_of;
using testing::golden;
using testing::plain_record;
using testing::record_of;

constexpr std::string_view parent_value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(BatchContexts, ReadsEachFormatInItsOrder) {
    batch_contexts found;
    ASSERT_TRUE(collect_contexts(golden("odd"), nullptr, {}, found));
    ASSERT_EQ(found.distinct.size(), 4U);
    EXPECT_EQ(found.distinct[0].context.trace.hex(), "80f198ee56343ba864fe8b2a57d3eff7");
    EXPECT_EQ(found.distinct[0].first_offset_delta, 2);
    EXPECT_EQ(found.distinct[1].context.trace.hex(), "00000000000000005af7183fb1d4cf5f");
    EXPECT_EQ(found.distinct[2].context.trace.hex(), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(found.distinct[3].context.trace.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(found.distinct[3].last_offset_delta, 5);
    EXPECT_EQ(found.without, 3U);
    EXPECT_EQ(found.beyond, 0U);
}

TEST(BatchContexts, PrefersWhatComesFirstInTheOrderOfFormats) {
    carrying_headers headers;
    headers.ce_traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    EXPECT_EQ(context_of(headers).trace.hex(), "0af7651916cd43dd8448eb211c80319c");
    headers.uber_trace_id = "5af7183fb1d4cf5f:e457b5a2e4d86bd1:0:1";
    EXPECT_EQ(context_of(headers).trace.hex(), "00000000000000005af7183fb1d4cf5f");
    headers.b3 = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1";
    EXPECT_EQ(context_of(headers).trace.hex(), "80f198ee56343ba864fe8b2a57d3eff7");
    headers.traceparent = parent_value;
    EXPECT_EQ(context_of(headers).trace.hex(), parent_value.substr(3, 32));
    headers.traceparent = "nonsense";
    EXPECT_FALSE(context_of(headers).valid());
}

TEST(BatchContexts, TheLastHeaderOfANameCounts) {
    auto record = record_of(0, 1);
    record.headers = {{"traceparent", "nonsense"}, {"traceparent", std::string{parent_value}}};
    batch_contexts found;
    ASSERT_TRUE(collect_contexts(batch_of({record}), nullptr, {}, found));
    EXPECT_EQ(found.distinct.size(), 1U);
}

TEST(BatchContexts, CountsRepeatsWhereverTheyStand) {
    std::vector<plain_record> records;
    for (char last : {'1', '1', '2', '1', 'x', '1', '2'}) {
        auto record = record_of(static_cast<std::int32_t>(records.size()), 1);
        auto value = std::string{parent_value};
        value[51] = last;
        record.headers = {{"traceparent", value}};
        records.push_back(record);
        records.push_back(record_of(static_cast<std::int32_t>(records.size()), 1));
    }
    batch_contexts found;
    ASSERT_TRUE(collect_contexts(batch_of(records), nullptr, {}, found));
    ASSERT_EQ(found.distinct.size(), 2U);
    EXPECT_EQ(found.distinct[0].records, 4U);
    EXPECT_EQ(found.distinct[0].last_offset_delta, 10);
    EXPECT_EQ(found.distinct[1].records, 2U);
    EXPECT_EQ(found.distinct[1].first_offset_delta, 4);
    EXPECT_EQ(found.distinct[1].last_offset_delta, 12);
    EXPECT_EQ(found.without, 8U);
}

TEST(BatchContexts, HoldsAsManyAsASpanMayHaveLinks) {
    std::vector<plain_record> records;
    for (int i = 0; i < 300; ++i) {
        auto record = record_of(i, 1);
        auto value = std::string{parent_value};
        value[50] = tracing::hex_digits[i % 150 / 16];
        value[51] = tracing::hex_digits[i % 150 % 16];
        record.headers = {{"traceparent", value}};
        records.push_back(record);
    }
    batch_contexts found;
    ASSERT_TRUE(collect_contexts(batch_of(records), nullptr, {}, found));
    EXPECT_EQ(found.distinct.size(), batch_contexts::most);
    EXPECT_EQ(found.distinct[0].records, 2U);
    EXPECT_EQ(found.distinct[0].last_offset_delta, 150);
    EXPECT_EQ(found.beyond, 44U);
    EXPECT_EQ(found.without, 0U);
}

TEST(BatchContexts, LooksThroughCodecsWhenGivenThem) {
    record_codecs codecs;
    batch_contexts found;
    for (const auto* name : {"gzip", "snappy", "snappy_raw", "lz4", "zstd"}) {
        ASSERT_TRUE(collect_contexts(golden(name), &codecs, {}, found)) << name;
        EXPECT_EQ(found.distinct.size(), 1U);
        EXPECT_EQ(found.without, 16U);
        EXPECT_FALSE(collect_contexts(golden(name), &codecs, {3000, 1000, 0}, found)) << name;
    }
}

TEST(BatchContexts, FindsNothingInWhatIsNotWhole) {
    auto batch = golden("odd");
    batch_contexts found;
    for (std::size_t size = 0; size < batch.size(); ++size) {
        EXPECT_FALSE(collect_contexts({batch.data(), size}, nullptr, {}, found));
        EXPECT_TRUE(found.distinct.empty() && found.without == 0);
    }
    EXPECT_FALSE(collect_contexts(golden("zstd"), nullptr, {}, found));
}

}  // namespace
}  // namespace outrider::kafka
