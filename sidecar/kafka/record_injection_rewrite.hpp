#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/record_injection.hpp"
#include "sidecar/kafka/record_injection_scan.hpp"

namespace outrider::kafka {

/// Copies records to a string, and adds headers to some. What stays as it is, is copied in one piece: usually from the
/// attributes of a record to the end of its value. In the header, because a call per record is an eighth of the time.
class record_rewriter {
  public:
    /// @param most  of out.size()
    record_rewriter(std::string_view records, const added_headers& headers, std::size_t most, std::string& out)
        : pending_(records.data()), end_(pending_ + records.size()), headers_(headers), most_(most), out_(out) {}

    /// The length that the record would have.
    std::size_t length_with_headers(const record_view& record) const {
        return static_cast<std::size_t>(record.header_count - record.body) +
               varint_size(record.headers_there + headers_.count()) +
               static_cast<std::size_t>(record.end - record.headers) + headers_.bytes().size();
    }

    /// Copies up to the end of this record, with the headers. @return false when the output is past its limit
    bool add(const record_view& record, std::size_t length) {
        copy(record.begin);
        append_varint(static_cast<std::int32_t>(length));
        pending_ = record.body;
        copy(record.header_count);
        pending_ = record.headers;
        if (record.headers_there == 0) {
            out_.append(headers_.with_count());
        } else {
            append_varint(record.headers_there + headers_.count());
            copy(record.end);
            out_.append(headers_.bytes());
        }
        return out_.size() <= most_;
    }

    /// Copies what is left.
    bool finish() {
        copy(end_);
        return out_.size() <= most_;
    }

  private:
    void copy(const char* to) {
        if (to == pending_) return;
        out_.append(pending_, static_cast<std::size_t>(to - pending_));
        pending_ = to;
    }

    // Lengths and counts are never negative, so zigzag only doubles them.
    static std::size_t varint_size(std::int32_t value) {
        std::size_t size = 1;
        for (auto bits = static_cast<std::uint32_t>(value) << 1; bits >= 0x80; bits >>= 7) ++size;
        return size;
    }
    void append_varint(std::int32_t value) {
        auto bits = static_cast<std::uint32_t>(value) << 1;
        for (; bits >= 0x80; bits >>= 7) out_ += static_cast<char>(bits | 0x80);
        out_ += static_cast<char>(bits);
    }

    const char* pending_;  ///< where that begins which has not been copied yet
    const char* const end_;
    const added_headers& headers_;
    const std::size_t most_;
    std::string& out_;
};

}  // namespace outrider::kafka
