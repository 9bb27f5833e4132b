#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/kafka/record_batch.hpp"
#include "sidecar/kafka/wire.hpp"
#include "tests/support/test_files.hpp"

/// Batches for tests: those of an independent client, and ones that are made to measure.
namespace outrider::kafka::testing {

/// A batch of tests/data/kafka/make_batches.py.
inline std::string golden(const std::string& name) {
    return outrider::test::file_text(OUTRIDER_TEST_DATA "/kafka/" + name + ".batch");
}

/// A record, read and written here without the code that is tested. Null is no value.
struct plain_record {
    std::int64_t timestamp_delta = 0;
    std::int32_t offset_delta = 0;
    std::optional<std::string> key, value;
    std::vector<std::pair<std::string, std::optional<std::string>>> headers;
    bool operator==(const plain_record&) const = default;
};

inline plain_record record_of(std::int32_t delta, std::size_t value_size) {
    return {delta, delta, "key", std::string(value_size, 'v'), {}};
}

inline std::optional<std::string> read_text(wire_reader& in) {
    auto size = in.varint();
    if (size < 0) return {};
    return std::string{in.take(static_cast<std::size_t>(size))};
}

inline void write_text(wire_writer& out, const std::optional<std::string>& text) {
    out.varint(text ? static_cast<std::int32_t>(text->size()) : -1);
    if (text) out.raw(*text);
}

inline std::vector<plain_record> read_records(std::string_view bytes) {
    wire_reader in{bytes};
    std::vector<plain_record> records;
    while (in.left() != 0) {
        auto size = in.varint();
        auto end = in.position() + static_cast<std::size_t>(size);
        plain_record record;
        (void)in.int8();
        record.timestamp_delta = in.varlong();
        record.offset_delta = in.varint();
        record.key = read_text(in);
        record.value = read_text(in);
        for (auto count = in.varint(); count > 0; --count) {
            auto key = read_text(in).value_or("");
            record.headers.emplace_back(key, read_text(in));
        }
        EXPECT_EQ(in.position(), end);
        if (in.failed()) break;
        records.push_back(std::move(record));
    }
    EXPECT_FALSE(in.failed());
    return records;
}

inline void write_record(std::string& to, const plain_record& record) {
    std::string body;
    wire_writer out{body}, whole{to};
    out.int8(0);
    out.varlong(record.timestamp_delta);
    out.varint(record.offset_delta);
    write_text(out, record.key);
    write_text(out, record.value);
    out.varint(static_cast<std::int32_t>(record.headers.size()));
    for (const auto& [key, value] : record.headers) {
        write_text(out, key);
        write_text(out, value);
    }
    whole.varint(static_cast<std::int32_t>(body.size()));
    whole.raw(body);
}

/// Sets the length and the checksum to what is there.
inline std::string sealed(std::string batch) {
    wire_writer out{batch};
    out.int32_at(batch_length_at, static_cast<std::int32_t>(batch.size() - 12));
    out.int32_at(batch_crc_at, static_cast<std::int32_t>(crc32c(std::string_view{batch}.substr(batch_attributes_at))));
    return batch;
}

/// A batch around bytes that claim to be `count` records.
inline std::string batch_of(std::string_view records, std::int32_t count, std::int16_t attributes = 0) {
    std::string batch;
    wire_writer out{batch};
    out.int64(77);
    out.int32(0);
    out.int32(5);
    out.int8(2);
    out.int32(0);
    out.int16(attributes);
    out.int32(count - 1);
    out.int64(1'700'000'000'000);
    out.int64(1'700'000'000'999);
    out.int64(-1);
    out.int16(-1);
    out.int32(-1);
    out.int32(count);
    out.raw(records);
    return sealed(std::move(batch));
}

inline std::string batch_of(const std::vector<plain_record>& records, std::int16_t attributes = 0) {
    std::string bytes;
    for (const auto& record : records) write_record(bytes, record);
    return batch_of(bytes, static_cast<std::int32_t>(records.size()), attributes);
}

}  // namespace outrider::kafka::testing
