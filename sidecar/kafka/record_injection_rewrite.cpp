#include "sidecar/kafka/record_injection_rewrite.hpp"

#include "sidecar/kafka/wire.hpp"
#include "tracing/traceparent.hpp"

namespace outrider::kafka {
namespace {

using varint_bytes = std::array<char, 5>;

std::size_t write_varint(varint_bytes& to, std::int32_t value) {
    auto bits = static_cast<std::uint32_t>(value) << 1 ^ static_cast<std::uint32_t>(value >> 31);
    std::size_t size = 0;
    for (; bits >= 0x80; bits >>= 7) to[size++] = static_cast<char>(bits | 0x80);
    to[size++] = static_cast<char>(bits);
    return size;
}

void append_header(std::string& out, std::string_view key, std::string_view value) {
    wire_writer writer{out};
    writer.varint(static_cast<std::int32_t>(key.size()));
    writer.raw(key);
    writer.varint(static_cast<std::int32_t>(value.size()));
    writer.raw(value);
}

}  // namespace

added_headers::added_headers(const tracing::span_context& own, std::string_view tracestate) {
    std::string line;
    tracing::append_traceparent(line, own);
    static constexpr std::size_t value_at = std::string_view{"traceparent: "}.size();
    auto value = std::string_view{line}.substr(value_at);
    value.remove_suffix(std::string_view{"\r\n"}.size());
    append_header(bytes_, "traceparent", value);
    if (tracestate.empty()) return;
    append_header(bytes_, "tracestate", tracestate);
    count_ = 2;
}

std::size_t record_rewriter::length_with_headers(const record_view& record) const {
    varint_bytes count;
    return static_cast<std::size_t>(record.header_count - record.body) +
           write_varint(count, record.headers_there + headers_.count()) +
           static_cast<std::size_t>(record.end - record.headers) + headers_.bytes().size();
}

bool record_rewriter::add(const record_view& record, std::size_t length) {
    copy(record.begin);
    append_varint(static_cast<std::int32_t>(length));
    pending_ = record.body;
    copy(record.header_count);
    append_varint(record.headers_there + headers_.count());
    pending_ = record.headers;
    copy(record.end);
    out_.append(headers_.bytes());
    return out_.size() <= most_;
}

bool record_rewriter::finish() {
    copy(end_);
    return out_.size() <= most_;
}

void record_rewriter::append_varint(std::int32_t value) {
    varint_bytes bytes;
    auto size = write_varint(bytes, value);
    out_.append(bytes.data(), size);
}

}  // namespace outrider::kafka
