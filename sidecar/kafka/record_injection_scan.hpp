#pragma once

#include <cstdint>
#include <string_view>

namespace outrider::kafka {

/// The headers of a record that can carry a trace context; the last one of a name counts, as it does for Kafka's
/// clients. A header whose value is null is there and empty.
struct carrying_headers {
    std::string_view traceparent, tracestate, b3, uber_trace_id, ce_traceparent;
    bool has_traceparent = false;
};

/// Where the parts of a record stand:
///
///     begin     body                                    header_count     headers      end
///     | length  | attributes deltas key value           | count          | ...        |
struct record_view {
    const char* begin = nullptr;
    const char* body = nullptr;
    const char* header_count = nullptr;
    const char* headers = nullptr;
    const char* end = nullptr;
    std::int32_t offset_delta = 0;
    std::int32_t headers_there = 0;
    std::string_view key, value;  ///< null is empty
};

/// Calls `each(name, value)` for the headers of a record that record_scan has read.
template <typename Each>
void for_each_header(const record_view& record, Each each);

/// Walks over the records of a batch of magic 2, uncompressed, and believes nothing: each length is checked against
/// what is there, and each record must end where its length says.
class record_scan {
  public:
    explicit record_scan(std::string_view records) : at_(records.data()), end_(at_ + records.size()) {}

    /// The next record; `carried` is filled only when the record has headers (headers_there).
    /// @return false at the end, and when the record is malformed: then failed()
    bool next(record_view& record, carrying_headers& carried);
    bool failed() const { return failed_; }

  private:
    template <typename Each>
    friend void for_each_header(const record_view& record, Each each);
    static bool next_header(const char*& at, const char* end, std::string_view& name, std::string_view& value);
    bool read(record_view& record, carrying_headers& carried);

    const char* at_;
    const char* end_;
    bool failed_ = false;
};

template <typename Each>
void for_each_header(const record_view& record, Each each) {
    const auto* at = record.headers;
    std::string_view name, value;
    for (auto left = record.headers_there; left > 0 && record_scan::next_header(at, record.end, name, value); --left)
        each(name, value);
}

}  // namespace outrider::kafka
