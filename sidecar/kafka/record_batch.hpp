#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace outrider::kafka {

/// How the records of a batch are compressed: the low three bits of its attributes. 5 to 7 mean nothing yet.
enum class codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

/// The fixed head of a batch of records of magic 2; it is never compressed. `length` counts what is behind it.
struct batch_header {
    std::int64_t base_offset = 0;
    std::int32_t length = 0;
    std::int32_t leader_epoch = 0;
    std::int8_t magic = 0;
    std::uint32_t crc = 0;  ///< CRC32C of the attributes and all that follows
    std::int16_t attributes = 0;
    std::int32_t last_offset_delta = 0;
    std::int64_t base_timestamp = 0;
    std::int64_t max_timestamp = 0;
    std::int64_t producer_id = 0;  ///< -1: the producer is not idempotent
    std::int16_t producer_epoch = 0;
    std::int32_t base_sequence = 0;
    std::int32_t records = 0;

    kafka::codec codec() const { return static_cast<kafka::codec>(attributes & 0x07); }
    bool is_transactional() const { return (attributes & 0x10) != 0; }
    /// A commit or abort marker, written by brokers only.
    bool is_control() const { return (attributes & 0x20) != 0; }
};

inline constexpr std::size_t batch_header_size = 61;

/// Where the fields stand that other code writes or looks at.
inline constexpr std::size_t batch_length_at = 8, batch_magic_at = 16, batch_crc_at = 17, batch_attributes_at = 21;

/// The header in the first 61 bytes; nothing when fewer are there or the magic is another.
std::optional<batch_header> read_batch_header(std::string_view batch);

/// The version of the format of the batch (or of the message set, 0 and 1) that begins here; nothing before 17 bytes.
std::optional<std::int8_t> batch_magic(std::string_view batch);

/// The size of the batch of magic 2 that begins here, its header included; nothing when the first 12 bytes are not
/// there or say less than a header needs. What it says may be more than there is.
std::optional<std::size_t> batch_total_size(std::string_view batch);

/// CRC-32C (Castagnoli), as of "123456789" = 0xe3069283.
/// @param before  the checksum of what stands before the bytes
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);

/// Whether a whole batch has the checksum that it says.
bool crc_matches(std::string_view whole_batch);

}  // namespace outrider::kafka
