#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/push_parser.hpp"
#include "tracing/context.hpp"

namespace outrider::kafka {

/// One record of a magic 2 batch. Offsets count from the first byte behind the batch's head.
struct scanned_record {
    std::size_t begin = 0;       ///< of the record's length
    std::size_t headers_at = 0;  ///< of the count of headers
    std::size_t end = 0;
    std::int32_t headers = 0;
    std::int32_t offset_delta = 0;
    std::int64_t timestamp_delta = 0;
    /// Views valid during the call. Values longer than record_scanner::longest_value are taken for absent.
    tracing::context_fields fields;
    /// fields.traceparent is the event's `ce_traceparent`: the record has no header `traceparent`.
    bool from_cloudevents = false;
};

struct record_visitor {
    virtual void on_record(const scanned_record& record) = 0;
    // What the record consists of, before its on_record(), where that is wanted; each record has one on_key().
    /// Empty: null, or longer than record_scanner::longest_value.
    virtual void on_key(std::string_view) {}
    /// A piece of the value, and how many bytes follow it.
    virtual void on_value(std::string_view, std::uint64_t) {}
    /// Of a header that is no longer than that.
    virtual void on_header(std::string_view, std::string_view) {}

  protected:
    ~record_visitor() = default;
};

/// Walks the records of a batch that is not compressed, in whatever pieces they come: keys and values are passed
/// without a copy.
class record_scanner {
  public:
    /// Of a header's value; a tracestate may have 512 characters and more.
    static constexpr std::size_t longest_value = push_input::most_held;

    explicit record_scanner(record_visitor& to) : to_(to) {}
    record_scanner(record_visitor& to, std::int32_t count) : to_(to) { start(count); }

    /// Begins a batch whose head says that it has `count` records.
    /// @param parts  keys, values and headers are wanted too
    void start(std::int32_t count, bool parts = false);
    /// @return false, then and later, when the bytes are not `count` records and nothing else
    bool feed(std::string_view piece);
    /// Exactly the records of the batch have been fed.
    bool complete() const { return !malformed_ && parser_.state() == parse_state::finished; }
    bool malformed() const { return malformed_; }

  private:
    enum class carrier : std::uint8_t;
    static carrier carrier_of(std::string_view key);
    push_parse scan(std::int32_t count);
    push_parse scan_key_and_value();
    push_parse scan_headers();
    std::string_view keep(std::string_view value);
    void add_field(carrier which, std::string_view value);

    record_visitor& to_;
    push_parser parser_;
    scanned_record record_;
    std::string_view ce_traceparent_;
    std::string values_;  ///< the headers' values that fields point to: their pieces may be gone when the record ends
    std::string name_;    ///< of the header under way, where parts are wanted
    std::uint64_t fed_ = 0;
    bool parts_ = false;
    bool malformed_ = false;
};

}  // namespace outrider::kafka
