#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::exporting {

// A segment of the spool, all integers little-endian:
//
//     segment  = "outrspl1" size:u32 crc:u32 resource[size] record*         crc over size and resource
//     record   = "SPAN" size:u32 spans:u32 payload_crc:u32 header_crc:u32 state:u32 payload[size]
//
// A payload is concatenated ScopeSpans.spans entries. header_crc covers the four words before it, so that a damaged
// payload can be stepped over and a damaged header is found out; state, outside of both sums, is written in place once
// the record is delivered. CRC is zlib's crc32. A process killed while writing leaves a torn record at the end.

inline constexpr std::size_t record_header_bytes = 24;
inline constexpr std::size_t record_state_offset = 20;
inline constexpr std::uint32_t record_pending = 0;
inline constexpr std::uint32_t record_settled = 1;
/// No record of ours is larger (a request is at most 64 MiB): a larger length is damage.
inline constexpr std::uint32_t largest_record_bytes = 64u << 20;

std::string encode_segment_header(std::string_view resource);
std::string encode_record_header(std::string_view payload, std::uint32_t spans);
std::string encode_state(std::uint32_t state);

/// The start of a segment.
struct segment_header {
    std::string_view resource;  ///< into the parsed bytes
    std::size_t bytes = 0;      ///< where the records begin
};
/// @return nothing when it isn't one, or is damaged or cut
std::optional<segment_header> parse_segment_header(std::string_view segment);

/// One intact record.
struct segment_record {
    std::size_t offset = 0;  ///< of its header within the parsed bytes
    std::uint32_t spans = 0;
    std::string_view payload;
    bool settled = false;
};

/// What a stretch of records holds.
struct segment_records {
    std::vector<segment_record> intact;
    std::uint64_t damaged = 0;        ///< records, or stretches between records, that can't be read
    std::uint64_t damaged_spans = 0;  ///< as far as their headers could be read
};

/// Reads records from `offset` to the end; after damage it goes on at the next place that looks like a record.
/// @param check_payloads  whether payload sums are verified, or only headers read
segment_records parse_records(std::string_view segment, std::size_t offset, bool check_payloads);

}  // namespace outrider::exporting
