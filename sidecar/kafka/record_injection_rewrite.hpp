#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/record_injection.hpp"
#include "sidecar/kafka/record_injection_scan.hpp"

namespace outrider::kafka {

/// Copies records to a string, and adds headers to some. What stays as it is, is copied in one piece: usually from the
/// attributes of a record to the end of its value.
class record_rewriter {
  public:
    /// @param most  of out.size()
    record_rewriter(std::string_view records, const added_headers& headers, std::size_t most, std::string& out)
        : pending_(records.data()), end_(pending_ + records.size()), headers_(headers), most_(most), out_(out) {}

    /// The length that the record would have.
    std::size_t length_with_headers(const record_view& record) const;
    /// Copies up to the end of this record, with the headers. @return false when the output is past its limit
    bool add(const record_view& record, std::size_t length);
    /// Copies what is left.
    bool finish();

  private:
    void copy(const char* to) {
        if (to == pending_) return;
        out_.append(pending_, static_cast<std::size_t>(to - pending_));
        pending_ = to;
    }
    void append_varint(std::int32_t value);

    const char* pending_;  ///< where that begins which has not been copied yet
    const char* const end_;
    const added_headers& headers_;
    const std::size_t most_;
    std::string& out_;
};

}  // namespace outrider::kafka
