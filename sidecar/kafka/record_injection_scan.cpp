#include "sidecar/kafka/record_injection_scan.hpp"

#include <cstddef>

namespace outrider::kafka {
namespace {

// wire_reader reads the same, but its sticky failure costs a third of the time here: a record has ten varints.
inline bool read_varint(const char*& at, const char* end, std::int32_t& value) {
    std::uint32_t bits = 0;
    for (unsigned shift = 0; shift < 35 && at != end; shift += 7) {
        auto byte = static_cast<std::uint8_t>(*at++);
        if (shift == 28 && byte > 0x0f) return false;
        bits |= (byte & 0x7fU) << shift;
        if (byte < 0x80) {
            value = static_cast<std::int32_t>(bits >> 1 ^ (~(bits & 1) + 1));
            return true;
        }
    }
    return false;
}

inline bool skip_varlong(const char*& at, const char* end) {
    for (int i = 0; i < 10 && at != end; ++i) {
        if (static_cast<std::uint8_t>(*at++) < 0x80) return true;
    }
    return false;
}

/// A varint length, `least` (-1 where null may be, else 0) or more, and as many bytes; null is empty.
inline bool read_bytes(const char*& at, const char* end, std::int32_t least, std::string_view& bytes) {
    std::int32_t size = 0;
    if (!read_varint(at, end, size) || size < least || size > end - at) return false;
    bytes = {at, size < 0 ? 0 : static_cast<std::size_t>(size)};
    at += bytes.size();
    return true;
}

bool equals_ignoring_case(std::string_view key, std::string_view lower) {
    for (std::size_t i = 0; i < lower.size(); ++i) {
        auto c = key[i];
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
        if (c != lower[i]) return false;
    }
    return true;
}

void note_header(std::string_view key, std::string_view value, carrying_headers& carried) {
    auto is = [&](std::string_view name) { return equals_ignoring_case(key, name); };
    switch (key.size()) {
        case 2:
            if (is("b3")) carried.b3 = value;
            break;
        case 10:
            if (is("tracestate")) carried.tracestate = value;
            break;
        case 11:
            if (is("traceparent")) carried.traceparent = value, carried.has_traceparent = true;
            break;
        case 13:
            if (is("uber-trace-id")) carried.uber_trace_id = value;
            break;
        case 14:
            if (is("ce_traceparent")) carried.ce_traceparent = value;
            break;
        default:
            break;
    }
}

bool read_headers(const char*& at, const char* end, std::int32_t count, carrying_headers& carried) {
    carried = {};
    for (; count > 0; --count) {
        std::string_view key, value;
        if (!read_bytes(at, end, 0, key) || !read_bytes(at, end, -1, value)) return false;
        note_header(key, value, carried);
    }
    return true;
}

}  // namespace

bool record_scan::next(record_view& record, carrying_headers& carried) {
    if (at_ == end_ || failed_) return false;
    failed_ = !read(record, carried);
    return !failed_;
}

bool record_scan::next_header(const char*& at, const char* end, std::string_view& name, std::string_view& value) {
    return read_bytes(at, end, 0, name) && read_bytes(at, end, -1, value);
}

bool record_scan::read(record_view& record, carrying_headers& carried) {
    const char* at = at_;
    std::int32_t length = 0;
    record.begin = at;
    if (!read_varint(at, end_, length) || length < 1 || length > end_ - at) return false;
    record.body = at;
    const char* const end = at + length;
    ++at;  // the attributes
    if (!skip_varlong(at, end) || !read_varint(at, end, record.offset_delta)) return false;
    if (!read_bytes(at, end, -1, record.key) || !read_bytes(at, end, -1, record.value)) return false;
    record.header_count = at;
    if (!read_varint(at, end, record.headers_there) || record.headers_there < 0) return false;
    record.headers = at;
    if (record.headers_there != 0 && !read_headers(at, end, record.headers_there, carried)) return false;
    record.end = at_ = end;
    return at == end;
}

}  // namespace outrider::kafka
