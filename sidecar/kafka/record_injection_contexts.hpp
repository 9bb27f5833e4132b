#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sidecar/kafka/record_injection_scan.hpp"
#include "tracing/context.hpp"

namespace outrider::kafka {

class record_codecs;
struct inflation_bound;

/// A context that records of a batch carry, and which ones do.
struct record_context {
    tracing::span_context context;
    std::uint32_t records = 0;
    std::int32_t first_offset_delta = 0;
    std::int32_t last_offset_delta = 0;
};

/// What contexts the records of a batch carry, in the order in which they appear. A record's context is the first
/// usable of its headers traceparent, b3, uber-trace-id and ce_traceparent; as for HTTP, a malformed traceparent ends
/// the search. Keep one and use it again: clear() keeps the memory.
struct batch_contexts {
    static constexpr std::size_t most = 128;  ///< as many as a span may have links

    std::vector<record_context> distinct;  ///< at most `most`, told apart by trace and span id
    std::uint32_t without = 0;             ///< records that carry none
    std::uint32_t beyond = 0;              ///< records with a context that found no room in `distinct`

    void clear();
    /// @param carried  null for a record without headers
    /// @return the number of its context in `distinct`; `most` when it has none there
    std::size_t add(const carrying_headers* carried, std::int32_t offset_delta);

  private:
    bool repeats_the_last(std::string_view traceparent) const;
    void add(const tracing::span_context& context, std::int32_t offset_delta);

    // Whoever sent a batch has often written the same into each record. Reading it costs more than all of the rest, so
    // the text of the last one is kept beside what it was found to be.
    std::array<char, 55> last_traceparent_{};
    std::size_t last_ = most;  ///< in `distinct`; `most`: there is none
};

/// Is shown each record of a batch, with the number that batch_contexts gave its context. The batch may turn out
/// malformed behind it.
struct record_observer {
    virtual void on_record(const record_view& record, std::size_t context) = 0;

  protected:
    ~record_observer() = default;
};

/// What a record's headers say; invalid when nothing usable is there.
tracing::span_context context_of(const carrying_headers& carried);

/// The contexts of a whole batch of magic 2, which stays as it is; its checksum is not looked at.
/// @param codecs  null: a compressed batch is not looked into
/// @return false, with nothing found, when it is not that, is malformed, is a control batch, or is compressed and
///         `codecs` is null, the codec is unknown or the bound is passed
bool collect_contexts(std::string_view batch, record_codecs* codecs, const inflation_bound& bound,
                      batch_contexts& found, record_observer* observer = nullptr);

}  // namespace outrider::kafka
