#include "sidecar/kafka/record_batch.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/batches.hpp"

namespace outrider::kafka {
namespace {

using testing::golden;

TEST(RecordBatch, ReadsTheHeaderThatAnotherClientWrote) {
    auto batch = golden("transactional");
    auto header = read_batch_header(batch);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->base_offset, 0);
    EXPECT_EQ(header->magic, 2);
    EXPECT_EQ(header->codec(), codec::none);
    EXPECT_TRUE(header->is_transactional());
    EXPECT_FALSE(header->is_control());
    EXPECT_EQ(header->last_offset_delta, 19);
    EXPECT_EQ(header->base_timestamp, 1'700'000'000'000);
    EXPECT_EQ(header->max_timestamp, 1'700'000'000'019);
    EXPECT_EQ(header->producer_id, 4711);
    EXPECT_EQ(header->producer_epoch, 3);
    EXPECT_EQ(header->base_sequence, 520);
    EXPECT_EQ(header->records, 20);
    EXPECT_EQ(batch_total_size(batch), batch.size());
}

TEST(RecordBatch, NamesTheCodecsOfAnotherClient) {
    EXPECT_EQ(read_batch_header(golden("gzip"))->codec(), codec::gzip);
    EXPECT_EQ(read_batch_header(golden("snappy"))->codec(), codec::snappy);
    EXPECT_EQ(read_batch_header(golden("lz4"))->codec(), codec::lz4);
    EXPECT_EQ(read_batch_header(golden("zstd"))->codec(), codec::zstd);
}

TEST(RecordBatch, HasNoHeaderBeforeItsLastByte) {
    auto batch = golden("plain");
    for (std::size_t size = 0; size < batch_header_size; ++size) {
        std::string_view part{batch.data(), size};
        EXPECT_FALSE(read_batch_header(part));
        EXPECT_EQ(batch_magic(part).has_value(), size > 16);
        EXPECT_EQ(batch_total_size(part).has_value(), size >= 12);
        EXPECT_FALSE(crc_matches(part));
    }
    EXPECT_TRUE(read_batch_header({batch.data(), batch_header_size}));
}

TEST(RecordBatch, ShowsAMagicThatItDoesNotRead) {
    auto batch = golden("plain");
    batch[batch_magic_at] = 1;
    EXPECT_FALSE(read_batch_header(batch));
    EXPECT_EQ(batch_magic(batch), 1);
}

TEST(RecordBatch, RefusesLengthsThatHoldNoHeader) {
    auto batch = golden("plain");
    for (std::int32_t length : {-1, 0, 48, static_cast<std::int32_t>(0x80000000U)}) {
        wire_writer{batch}.int32_at(batch_length_at, length);
        EXPECT_FALSE(batch_total_size(batch)) << length;
    }
    wire_writer{batch}.int32_at(batch_length_at, 0x7fff'ffff);
    EXPECT_EQ(batch_total_size(batch), std::size_t{0x7fff'ffff} + 12);
}

TEST(RecordBatch, KnowsCastagnolisChecksum) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
    EXPECT_EQ(crc32c(""), 0U);
    EXPECT_EQ(crc32c("456789", crc32c("123")), 0xe3069283U);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);  // RFC 3720, B.4
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
}

TEST(RecordBatch, NoticesEachChangedByteBehindTheChecksum) {
    auto batch = golden("odd");
    EXPECT_TRUE(crc_matches(batch));
    for (std::size_t i = batch_crc_at; i < batch.size(); ++i) {
        batch[i] = static_cast<char>(batch[i] ^ 0x40);
        EXPECT_FALSE(crc_matches(batch)) << i;
        batch[i] = static_cast<char>(batch[i] ^ 0x40);
    }
}

TEST(RecordBatch, ChecksumLeavesOutWhatBrokersSet) {
    auto batch = golden("plain");
    batch[7] = 9;   // base offset
    batch[15] = 9;  // leader epoch
    EXPECT_TRUE(crc_matches(batch));
}

}  // namespace
}  // namespace outrider::kafka
