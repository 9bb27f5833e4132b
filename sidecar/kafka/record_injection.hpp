#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/record_compression.hpp"
#include "sidecar/kafka/record_injection_contexts.hpp"
#include "tracing/context.hpp"

namespace outrider::kafka {

/// The headers that are added to a record, as they stand in it: `traceparent`, and `tracestate` when it is not empty.
/// Made once for a batch.
class added_headers {
  public:
    explicit added_headers(const tracing::span_context& own, std::string_view tracestate = {});
    std::string_view bytes() const { return std::string_view{with_count_}.substr(1); }
    /// The count, one byte, and the bytes: all of the headers of a record that had none.
    std::string_view with_count() const { return with_count_; }
    std::int32_t count() const { return count_; }

  private:
    std::string with_count_;
    std::int32_t count_ = 0;
};

/// What must not be passed by adding headers.
struct injection_limits {
    std::size_t max_batch_bytes = 1048588;       ///< the topic's max.message.bytes, here its default; the whole batch
    std::size_t max_record_bytes = 0x7fff'ffff;  ///< a record that would be longer stays as it is
    inflation_bound inflation;
};

enum class injection_outcome : std::uint8_t {
    injected,
    nothing_to_do,      ///< each record has a traceparent already, or there are no records
    wrong_crc,          ///< left for the broker to judge
    too_large,          ///< the batch would pass its limit, or each record that lacks a context its own
    not_magic_2,        ///< an older message set, or not even the head of one
    control,            ///< a transaction's marker
    malformed,          ///< the lengths or counts do not agree, or it is not all there
    inflation_bound,    ///< it unpacks to more than is allowed
    unsupported_codec,  ///< compressed and no codecs were given, or by a codec that is not known
};

/// For people and metrics.
std::string_view name_of(injection_outcome outcome);

/// What became of a batch.
struct injection {
    injection_outcome outcome = injection_outcome::nothing_to_do;
    std::uint32_t records = 0;   ///< that were given the headers
    std::uint32_t too_long = 0;  ///< that lacked them and would have passed the limit of a record
};

/// Appends to `out` the batch with `headers` added to each record that has no traceparent, behind the headers it has.
/// The lengths, the counts of headers and the checksum change; offsets, sequences, timestamps, attributes, codec and
/// count do not. The same input gives the same bytes, so a retry is a retry for the broker too.
/// @param batch   one whole batch, nothing behind it
/// @param codecs  null: compressed batches are unsupported_codec
/// @param found   when not null, what the records carried when they came; cleared first, and empty where the records
///                were not read to their end (wrong_crc, malformed, ...)
/// @param observer  when not null, is shown each record as it came
/// @return whatever is not `injected` has left `out` as it was: then the batch goes on unchanged
injection inject_context(std::string_view batch, const added_headers& headers, const injection_limits& limits,
                         record_codecs* codecs, std::string& out, batch_contexts* found = nullptr,
                         record_observer* observer = nullptr);

}  // namespace outrider::kafka
