#include "sidecar/export/spool_format.hpp"

#include <zlib.h>

namespace outrider::exporting {
namespace {

constexpr std::string_view segment_magic = "outrspl1";
constexpr std::string_view record_magic = "SPAN";
constexpr std::size_t checked_header_bytes = 16;

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void add_u32(std::string& out, std::size_t value) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

std::uint32_t get_u32(std::string_view from, std::size_t at) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(from[at + i])} << (8 * i);
    return value;
}

enum class record_state { intact, bad_payload, unreadable };

/// Reads one record at the beginning of `bytes`.
record_state parse_record(std::string_view bytes, bool check_payload, segment_record& out) {
    if (bytes.size() < record_header_bytes || !bytes.starts_with(record_magic)) return record_state::unreadable;
    if (get_u32(bytes, 16) != checksum(bytes.substr(0, checked_header_bytes))) return record_state::unreadable;
    const auto size = get_u32(bytes, 4);
    if (size > largest_record_bytes || size > bytes.size() - record_header_bytes) return record_state::unreadable;
    out.spans = get_u32(bytes, 8);
    out.payload = bytes.substr(record_header_bytes, size);
    out.settled = get_u32(bytes, record_state_offset) == record_settled;
    if (check_payload && !out.settled && checksum(out.payload) != get_u32(bytes, 12)) return record_state::bad_payload;
    return record_state::intact;
}

}  // namespace

std::string encode_segment_header(std::string_view resource) {
    std::string checked;
    add_u32(checked, resource.size());
    checked.append(resource);
    std::string out(segment_magic);
    add_u32(out, resource.size());
    add_u32(out, checksum(checked));
    out.append(resource);
    return out;
}

std::string encode_record_header(std::string_view payload, std::uint32_t spans) {
    std::string out(record_magic);
    add_u32(out, payload.size());
    add_u32(out, spans);
    add_u32(out, checksum(payload));
    add_u32(out, checksum(out));
    add_u32(out, record_pending);
    return out;
}

std::string encode_state(std::uint32_t state) {
    std::string out;
    add_u32(out, state);
    return out;
}

std::optional<segment_header> parse_segment_header(std::string_view segment) {
    constexpr std::size_t fixed = 16;
    if (segment.size() < fixed || !segment.starts_with(segment_magic)) return std::nullopt;
    const std::size_t size = get_u32(segment, 8);
    if (size > segment.size() - fixed) return std::nullopt;
    std::string checked(segment.substr(8, 4));
    checked.append(segment.substr(fixed, size));
    if (checksum(checked) != get_u32(segment, 12)) return std::nullopt;
    return segment_header{segment.substr(fixed, size), fixed + size};
}

segment_records parse_records(std::string_view segment, std::size_t offset, bool check_payloads) {
    segment_records out;
    bool in_damage = false;
    while (offset < segment.size()) {
        segment_record record;
        const auto state = parse_record(segment.substr(offset), check_payloads, record);
        if (state == record_state::unreadable) {
            if (!in_damage) ++out.damaged;
            in_damage = true;
            offset = segment.find(record_magic, offset + 1);
            continue;  // npos ends the loop
        }
        in_damage = false;
        record.offset = offset;
        offset += record_header_bytes + record.payload.size();
        if (state == record_state::bad_payload) {
            ++out.damaged;
            out.damaged_spans += record.spans;
        } else {
            out.intact.push_back(record);
        }
    }
    return out;
}

}  // namespace outrider::exporting
