#include "sidecar/export/spool_format.hpp"

#include <gtest/gtest.h>

namespace outrider::exporting {
namespace {

/// A segment of three records of 1, 2 and 3 spans.
struct sample {
    std::string bytes = encode_segment_header("the resource");
    std::vector<std::size_t> starts;
    sample() {
        for (std::uint32_t spans = 1; spans <= 3; ++spans) {
            starts.push_back(bytes.size());
            const std::string payload(spans * 40, static_cast<char>('a' + spans));
            bytes += encode_record_header(payload, spans) + payload;
        }
    }
    std::size_t end_of(std::size_t record) const { return record + 1 < 3 ? starts[record + 1] : bytes.size(); }
};

std::uint64_t spans_of(const segment_records& records) {
    std::uint64_t total = 0;
    for (const auto& record : records.intact) total += record.spans;
    return total;
}

TEST(SpoolFormat, ReadsBackWhatItWrote) {
    const sample s;
    const auto header = parse_segment_header(s.bytes);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->resource, "the resource");
    const auto records = parse_records(s.bytes, header->bytes, true);
    ASSERT_EQ(records.intact.size(), 3u);
    EXPECT_EQ(records.damaged, 0u);
    EXPECT_EQ(records.intact[2].spans, 3u);
    EXPECT_EQ(records.intact[2].payload, std::string(120, 'd'));
    EXPECT_EQ(records.intact[2].offset, s.starts[2]);
    EXPECT_FALSE(records.intact[2].settled);
}

TEST(SpoolFormat, KeepsItsShape) {
    // What is on disk outlives the program that wrote it: a change here needs another version in the magic.
    EXPECT_EQ(encode_segment_header("r"), std::string("outrspl1\x01\0\0\0\xbd\xce\x49\x45r", 17));
    const auto header = encode_record_header("payload", 2);
    EXPECT_EQ(header.substr(0, 12), std::string("SPAN\x07\0\0\0\x02\0\0\0", 12));
    EXPECT_EQ(header.substr(12, 4), "\x15\x6a\x2c\x42") << "zlib's crc32 of the payload";
    EXPECT_EQ(header.size(), record_header_bytes);
    EXPECT_EQ(header.substr(record_state_offset), std::string(4, '\0'));
}

TEST(SpoolFormat, EveryTruncationKeepsTheWholeRecordsBeforeIt) {
    const sample s;
    const auto first = parse_segment_header(s.bytes)->bytes;
    for (std::size_t size = 0; size <= s.bytes.size(); ++size) {
        const auto cut = std::string_view(s.bytes).substr(0, size);
        if (size < first) {
            EXPECT_FALSE(parse_segment_header(cut)) << size;
            continue;
        }
        std::uint64_t whole = 0;
        for (std::size_t i = 0; i < 3; ++i)
            if (s.end_of(i) <= size) whole += i + 1;
        const auto records = parse_records(cut, first, true);
        EXPECT_EQ(spans_of(records), whole) << size;
        const bool at_edge = size == first || size == s.end_of(0) || size == s.end_of(1) || size == s.end_of(2);
        EXPECT_EQ(records.damaged, at_edge ? 0u : 1u) << size;
    }
}

TEST(SpoolFormat, EveryDamagedByteCostsOneRecordAtMost) {
    const sample s;
    const auto first = parse_segment_header(s.bytes)->bytes;
    for (std::size_t at = 0; at < s.bytes.size(); ++at) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
            auto bytes = s.bytes;
            bytes[at] = static_cast<char>(bytes[at] ^ flip);
            if (at < first) {
                EXPECT_FALSE(parse_segment_header(bytes)) << at;
                continue;
            }
            const auto records = parse_records(bytes, first, true);
            const std::size_t hit = at < s.starts[1] ? 0 : at < s.starts[2] ? 1 : 2;
            const auto within = at - s.starts[hit];
            const bool state = within >= record_state_offset && within < record_header_bytes;
            EXPECT_EQ(spans_of(records), state ? 6u : 6u - (hit + 1)) << at;
            EXPECT_EQ(records.damaged, state ? 0u : 1u) << at;
            if (within >= record_header_bytes) {
                EXPECT_EQ(records.damaged_spans, hit + 1) << at;
            }
        }
    }
}

TEST(SpoolFormat, MarksRecordsInPlace) {
    sample s;
    s.bytes.replace(s.starts[1] + record_state_offset, 4, encode_state(record_settled));
    const auto records = parse_records(s.bytes, parse_segment_header(s.bytes)->bytes, true);
    ASSERT_EQ(records.intact.size(), 3u);
    EXPECT_TRUE(records.intact[1].settled);
    EXPECT_FALSE(records.intact[2].settled);
}

TEST(SpoolFormat, ALengthThatPointsFarAwayIsDamage) {
    const sample s;
    auto bytes = s.bytes.substr(0, s.starts[0]) + std::string("SPAN\xff\xff\xff\x7f", 8) + std::string(16, '\0');
    const auto records = parse_records(bytes, s.starts[0], true);
    EXPECT_TRUE(records.intact.empty());
    EXPECT_EQ(records.damaged, 1u);
}

}  // namespace
}  // namespace outrider::exporting
