#include "sidecar/kafka/record_injection.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tracing/traceparent.hpp"

namespace outrider::kafka {
namespace {

using testing::batch_of;
using testing::golden;
using testing::plain_record;
using testing::read_records;
using testing::record_of;
using testing::sealed;
using outcome = injection_outcome;

constexpr std::string_view own_value = "00-0123456789abcdef0123456789abcdef-1122334455667788-03";
constexpr std::string_view parent_value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const added_headers traceparent{*tracing::parse_traceparent(own_value)};

struct injected {
    injection done;
    std::string batch;
    batch_contexts found;
};

injected inject(std::string_view batch, const injection_limits& limits = {}, const added_headers& headers = traceparent,
                record_codecs* codecs = nullptr) {
    injected result;
    result.done = inject_context(batch, headers, limits, codecs, result.batch, &result.found);
    EXPECT_EQ(result.done.outcome == outcome::injected, !result.batch.empty());
    return result;
}

bool has_traceparent(const plain_record& record) {
    return std::any_of(record.headers.begin(), record.headers.end(),
                       [](const auto& one) { return one.first == "traceparent" || one.first == "TraceParent"; });
}

std::vector<plain_record> with_headers(std::vector<plain_record> records) {
    for (auto& record : records) {
        if (!has_traceparent(record)) record.headers.emplace_back("traceparent", own_value);
    }
    return records;
}

// All of the header but the length and the checksum.
std::string fixed_part(std::string_view batch) {
    return std::string{batch.substr(0, batch_length_at)} + std::string{batch.substr(12, 5)} +
           std::string{batch.substr(batch_attributes_at, batch_header_size - batch_attributes_at)};
}

TEST(RecordInjection, AddsOneHeaderToEachRecordThatHasNone) {
    for (const auto* name : {"plain", "odd", "idempotent", "transactional"}) {
        auto batch = golden(name);
        auto result = inject(batch);
        ASSERT_EQ(result.done.outcome, outcome::injected) << name;
        EXPECT_EQ(fixed_part(result.batch), fixed_part(batch));
        EXPECT_EQ(batch_total_size(result.batch), result.batch.size());
        EXPECT_TRUE(crc_matches(result.batch));
        auto before = read_records(std::string_view{batch}.substr(batch_header_size));
        auto after = read_records(std::string_view{result.batch}.substr(batch_header_size));
        EXPECT_EQ(after, with_headers(before)) << name;
    }
}

TEST(RecordInjection, LeavesTheRecordsThatHaveATraceparent) {
    auto result = inject(golden("plain"));
    EXPECT_EQ(result.done.records, 16U);
    ASSERT_EQ(result.found.distinct.size(), 1U);
    EXPECT_EQ(result.found.distinct[0].records, 4U);
    EXPECT_EQ(result.found.distinct[0].first_offset_delta, 4);
    EXPECT_EQ(result.found.distinct[0].last_offset_delta, 19);
    EXPECT_EQ(result.found.distinct[0].context.trace.hex(), parent_value.substr(3, 32));
    EXPECT_EQ(result.found.without, 16U);
}

TEST(RecordInjection, HasNothingToDoTheSecondTime) {
    auto once = inject(golden("odd"));
    auto twice = inject(once.batch);
    EXPECT_EQ(twice.done.outcome, outcome::nothing_to_do);
    EXPECT_EQ(twice.done.records, 0U);
}

TEST(RecordInjection, GivesARetryTheSameBytes) {
    EXPECT_EQ(inject(golden("plain")).batch, inject(golden("plain")).batch);
}

TEST(RecordInjection, AddsTracestateWhenThereIsOne) {
    added_headers both{*tracing::parse_traceparent(own_value), "outrider=1122334455667788"};
    auto result = inject(batch_of({record_of(0, 10)}), {}, both);
    auto records = read_records(std::string_view{result.batch}.substr(batch_header_size));
    ASSERT_EQ(records[0].headers.size(), 2U);
    EXPECT_EQ(records[0].headers[0].second, own_value);
    EXPECT_EQ(records[0].headers[1].first, "tracestate");
    EXPECT_EQ(records[0].headers[1].second, "outrider=1122334455667788");
}

TEST(RecordInjection, WritesBehindWhatTheOutputHolds) {
    std::string out = "a frame's beginning";
    auto batch = golden("plain");
    EXPECT_EQ(inject_context(batch, traceparent, {}, nullptr, out).outcome, outcome::injected);
    EXPECT_EQ(out, "a frame's beginning" + inject(batch).batch);
    auto before = out;
    batch[30] = static_cast<char>(batch[30] ^ 1);
    EXPECT_EQ(inject_context(batch, traceparent, {}, nullptr, out).outcome, outcome::wrong_crc);
    EXPECT_EQ(out, before);
}

// The checksums follow the records at some distance; records that stay as they are leave the copy behind.
TEST(RecordInjection, ChecksALongBatchToItsLastByte) {
    std::vector<plain_record> records;
    for (std::int32_t i = 0; i < 100; ++i) {
        records.push_back(record_of(i, static_cast<std::size_t>(i) * 37));
        if (i % 40 > 20) records.back().headers.emplace_back("traceparent", parent_value);
    }
    auto batch = batch_of(records);
    auto result = inject(batch);
    ASSERT_EQ(result.done.outcome, outcome::injected);
    EXPECT_TRUE(crc_matches(result.batch));
    EXPECT_EQ(read_records(std::string_view{result.batch}.substr(batch_header_size)), with_headers(records));
    for (auto at : {std::size_t{100}, batch.size() / 2, batch.size() - 1}) {
        auto damaged = batch;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        auto refused = inject(damaged);
        EXPECT_EQ(refused.done.outcome, outcome::wrong_crc) << at;
        EXPECT_TRUE(refused.found.distinct.empty());
        EXPECT_EQ(refused.found.without, 0U);
    }
}

// Where a length passes 63, 8191 and 1048575, its varint becomes a byte longer; so does a count of headers at 63.
TEST(RecordInjection, KeepsLengthsRightWhereVarintsGrow) {
    injection_limits limits;
    limits.max_batch_bytes = 4 << 20;
    for (std::size_t size : {0, 1, 40, 60, 8100, 8110, 8119, 8120, 8121, 8190, 1048490, 1048494, 1048500, 1048570}) {
        auto batch = batch_of({record_of(0, size), record_of(1, size + 1)});
        auto result = inject(batch, limits);
        ASSERT_EQ(result.done.outcome, outcome::injected) << size;
        EXPECT_EQ(read_records(std::string_view{result.batch}.substr(batch_header_size)),
                  with_headers({record_of(0, size), record_of(1, size + 1)}));
    }
    for (std::size_t headers : {62, 63, 64, 8191, 8192}) {
        auto record = record_of(0, 5);
        record.headers.resize(headers, {"h", "v"});
        auto result = inject(batch_of({record}), limits);
        EXPECT_EQ(read_records(std::string_view{result.batch}.substr(batch_header_size)), with_headers({record}));
    }
}

TEST(RecordInjection, NeverPassesTheBrokersLimit) {
    auto batch = batch_of({record_of(0, 100), record_of(1, 100)});
    auto grown = inject(batch).batch.size();
    injection_limits limits;
    limits.max_batch_bytes = grown;
    EXPECT_EQ(inject(batch, limits).done.outcome, outcome::injected);
    for (limits.max_batch_bytes = grown - 1; limits.max_batch_bytes > 0; --limits.max_batch_bytes) {
        auto result = inject(batch, limits);
        EXPECT_EQ(result.done.outcome, outcome::too_large);
        EXPECT_EQ(result.found.without, 2U);
    }
}

TEST(RecordInjection, PassesOverARecordThatWouldBeTooLong) {
    injection_limits limits;
    limits.max_record_bytes = 200;
    auto batch = batch_of({record_of(0, 100), record_of(1, 150), record_of(2, 100)});
    auto result = inject(batch, limits);
    EXPECT_EQ(result.done.records, 2U);
    EXPECT_EQ(result.done.too_long, 1U);
    auto records = read_records(std::string_view{result.batch}.substr(batch_header_size));
    EXPECT_EQ(records[1], record_of(1, 150));
    EXPECT_EQ(inject(result.batch, limits).done.outcome, outcome::too_large);
}

TEST(RecordInjection, LeavesToTheBrokerWhatIsNotABatchOfItsKind) {
    auto batch = golden("plain");
    auto old = batch;
    old[batch_magic_at] = 1;
    EXPECT_EQ(inject(old).done.outcome, outcome::not_magic_2);
    EXPECT_EQ(inject("").done.outcome, outcome::not_magic_2);
    EXPECT_EQ(inject(batch_of({record_of(0, 1)}, 0x30)).done.outcome, outcome::control);
    EXPECT_EQ(inject(batch + "x").done.outcome, outcome::malformed);
    EXPECT_EQ(inject(golden("gzip")).done.outcome, outcome::unsupported_codec);
    EXPECT_EQ(inject(batch_of("", 0)).done.outcome, outcome::nothing_to_do);
}

TEST(RecordInjection, NoticesEachTruncation) {
    auto batch = golden("odd");
    for (std::size_t size = 0; size < batch.size(); ++size) {
        std::string_view part{batch.data(), size};
        EXPECT_EQ(inject(part).done.outcome, size <= batch_magic_at ? outcome::not_magic_2 : outcome::malformed);
        if (size < batch_header_size) continue;
        // The same with a length and a checksum that vouch for the part.
        auto result = inject(sealed(std::string{part}));
        EXPECT_EQ(result.done.outcome, outcome::malformed) << size;
        EXPECT_EQ(result.found.without, 0U);
    }
}

TEST(RecordInjection, NoticesEachFlippedByte) {
    auto batch = golden("odd");
    for (std::size_t i = batch_crc_at; i < batch.size(); ++i) {
        batch[i] = static_cast<char>(batch[i] ^ 0x10);
        EXPECT_EQ(inject(batch).done.outcome, outcome::wrong_crc) << i;
        batch[i] = static_cast<char>(batch[i] ^ 0x10);
    }
}

// Flipped and sealed again, a batch is either refused or comes out as whole as it went in.
TEST(RecordInjection, SurvivesFlippedBytesThatTheChecksumCovers) {
    auto original = golden("odd");
    for (std::size_t i = batch_attributes_at; i < original.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            auto batch = original;
            batch[i] = static_cast<char>(batch[i] ^ 1 << bit);
            auto result = inject(sealed(batch));
            if (result.done.outcome != outcome::injected) continue;
            EXPECT_TRUE(crc_matches(result.batch));
            EXPECT_EQ(inject(result.batch).done.outcome, outcome::nothing_to_do);
        }
    }
}

TEST(RecordInjection, RefusesLyingCounts) {
    std::string records;
    testing::write_record(records, record_of(0, 10));
    for (std::int32_t count : {-1, 0, 2, 0x7fff'ffff}) {
        EXPECT_EQ(inject(batch_of(records, count)).done.outcome, outcome::malformed) << count;
    }
}

TEST(RecordInjection, RefusesRecordsThatDoNotAgreeWithThemselves) {
    using namespace std::string_view_literals;
    for (auto record : {
             "\x00"sv,                                                  // no room for the attributes
             "\x01\x00\x00\x00\x01\x01\x00"sv,                          // length -1
             "\x0e\x00\x00\x00\x01\x01\x00"sv,                          // length 7 of 6
             "\x0a\x00\x00\x00\x01\x01\x00"sv,                          // length 5 of 6
             "\x0c\x00\x00\x00\x03\x01\x00"sv,                          // key of -2 bytes
             "\x0c\x00\x00\x00\x01\x03\x00"sv,                          // value of -2 bytes
             "\x0c\x00\x00\x00\x01\x02\x00"sv,                          // value that takes the count
             "\x0c\x00\x00\x00\x01\x01\x01"sv,                          // -1 headers
             "\x0c\x00\x00\x00\x01\x01\x02"sv,                          // a header that is not there
             "\x10\x00\x00\x00\x01\x01\x02\x01\x00"sv,                  // a header without a key
             "\x10\x00\x00\x00\x01\x01\x02\x00\x03"sv,                  // a header's value of -2 bytes
             "\x10\x00\x00\x00\x01\x01\xfe\xff\x00"sv,                  // more headers than bytes
             "\xff\xff\xff\xff\xff\x01\x00\x00"sv,                      // a varint of six bytes
             "\xfe\xff\xff\xff\x7f\x00\x00"sv,                          // one of more than 32 bits
             "\x18\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,  // a varlong of eleven bytes
         }) {
        EXPECT_EQ(inject(batch_of(record, 1)).done.outcome, outcome::malformed) << ::testing::PrintToString(record);
    }
}

TEST(RecordInjection, PutsTheHeadersIntoCompressedBatchesWhenGivenCodecs) {
    record_codecs codecs;
    auto plain = read_records(std::string_view{golden("plain")}.substr(batch_header_size));
    for (const auto* name : {"gzip", "snappy", "snappy_raw", "lz4", "zstd"}) {
        auto batch = golden(name);
        auto result = inject(batch, {}, traceparent, &codecs);
        ASSERT_EQ(result.done.outcome, outcome::injected) << name;
        EXPECT_EQ(fixed_part(result.batch), fixed_part(batch));
        EXPECT_EQ(batch_total_size(result.batch), result.batch.size());
        EXPECT_TRUE(crc_matches(result.batch));
        auto packed = std::string_view{result.batch}.substr(batch_header_size);
        auto unpacked = codecs.decompress(read_batch_header(batch)->codec(), packed, {});
        EXPECT_EQ(read_records(unpacked.bytes), with_headers(plain)) << name;
        EXPECT_EQ(unpacked.framing == snappy_framing::raw, name == std::string_view{"snappy_raw"});
        EXPECT_EQ(result.found.without, 16U);
        EXPECT_EQ(inject(result.batch, {}, traceparent, &codecs).done.outcome, outcome::nothing_to_do);
    }
}

TEST(RecordInjection, KeepsItsBoundsThroughCodecs) {
    record_codecs codecs;
    for (const auto* name : {"gzip", "snappy", "snappy_raw", "lz4", "zstd"}) {
        auto batch = golden(name);
        auto grown = inject(batch, {}, traceparent, &codecs).batch.size();
        injection_limits limits;
        limits.max_batch_bytes = grown;
        EXPECT_EQ(inject(batch, limits, traceparent, &codecs).done.outcome, outcome::injected) << name;
        limits.max_batch_bytes = grown - 1;
        EXPECT_EQ(inject(batch, limits, traceparent, &codecs).done.outcome, outcome::too_large) << name;
        limits = {};
        limits.inflation = {3000, 1000, 0};
        EXPECT_EQ(inject(batch, limits, traceparent, &codecs).done.outcome, outcome::inflation_bound) << name;
        limits.inflation = {4000, 1000, 0};  // enough for the records, not for the headers
        EXPECT_EQ(inject(batch, limits, traceparent, &codecs).done.outcome, outcome::too_large) << name;
    }
}

TEST(RecordInjection, RefusesCodecsThatNobodyKnowsAndBytesThatAreNotOfTheirCodec) {
    record_codecs codecs;
    for (std::int16_t number : {5, 6, 7}) {
        auto batch = batch_of("abc", 1, number);
        EXPECT_EQ(inject(batch, {}, traceparent, &codecs).done.outcome, outcome::unsupported_codec);
    }
    for (std::int16_t number : {1, 2, 3, 4}) {
        auto batch = batch_of("abcdefghijklmnop", 1, number);
        EXPECT_EQ(inject(batch, {}, traceparent, &codecs).done.outcome, outcome::malformed);
    }
}

TEST(RecordInjection, KnowsItsOutcomesByName) {
    EXPECT_EQ(name_of(outcome::injected), "injected");
    EXPECT_EQ(name_of(outcome::unsupported_codec), "unsupported_codec");
}

}  // namespace
}  // namespace outrider::kafka
