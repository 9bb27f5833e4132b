#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sidecar/collector/compact_span.hpp"
#include "sidecar/collector/key_index.hpp"
#include "sidecar/collector/operation_index.hpp"
#include "sidecar/collector/trace_table.hpp"
#include "sidecar/collector/vocabulary_shelf.hpp"

namespace outrider::collector {

/// The spans of all traces, encoded, with what finds them: by trace, by operation, by business key. Knows no bound but
/// that of one trace. Not thread-safe.
class span_archive {
  public:
    using number = trace_table::number;
    enum class outcome { stored, replaced, dropped };

    /// @param bytes        about how much it will hold
    /// @param trace_bytes  of one trace: what would make it larger is dropped
    span_archive(std::uint64_t bytes, std::uint64_t trace_bytes);
    ~span_archive();
    span_archive(const span_archive&) = delete;
    span_archive& operator=(const span_archive&) = delete;

    /// The trace of that id, a new one if need be.
    number touch(const tracing::trace_id& id, std::int64_t now_ns);
    /// Takes a span into its trace. One with the id of a span that is there takes its place.
    outcome put(number into, const tracing::span_view& span);
    /// What went with a trace: its spans, and those of them whose fate was not known yet.
    struct removed {
        std::uint64_t spans = 0, waiting = 0;
    };
    removed remove(number which);

    /// Keeps a decision on a root of the trace, in place of the one before.
    /// @param body  begins with the root's id
    void decide(number in, const tracing::span_id& root, std::string_view body);
    /// From now on the fate of all its spans is known.
    void settle(number which);

    tracing::span_data decode(const held_trace& of, const held_entry& one, attribute_filter only = nullptr) const;
    span_facts facts(const held_trace& of, const held_entry& one) const;
    std::string_view service_of(const held_entry& one, const span_facts& facts) const {
        return shelf_.at(one.slot).service_of(facts.origin);
    }
    /// @param only  the attributes that are wanted; null: all
    std::vector<tracing::span_data> spans_of(number which, attribute_filter only = nullptr) const;

    /// Traces with a span that has this business key.
    std::vector<number> with_key(std::string_view key, std::string_view value) const;

    const trace_table& traces() const { return table_; }
    trace_table& traces() { return table_; }
    held_trace& operator[](number which) { return table_[which]; }
    const held_trace& operator[](number which) const { return table_[which]; }
    const operation_index& operations() const { return operations_; }

    std::uint64_t memory() const;
    std::uint64_t shared_memory() const { return shelf_.memory(); }

  private:
    using entry_key = std::pair<tracing::span_id, bool>;  ///< true: a span, false: a decision on it
    using offsets = std::map<entry_key, std::uint32_t>;

    std::optional<std::uint32_t> offset_of(number in, const entry_key& key);
    const offsets* index_of(number which);
    void note_offset(number in, const entry_key& key, std::uint32_t offset);
    void drop_index(number which);
    void compact(number which);
    void replace(number in, std::uint32_t old, std::uint8_t slot, const tracing::span_view& span);
    void forget_operation(const held_trace& of, const held_entry& one);
    void index_keys(number which, const tracing::span_view& span);
    void recount(number which, std::size_t before);

    const std::uint64_t trace_bytes_;
    const governance::hash_secret secret_;
    block_pool pieces_;  ///< that the traces' entries are in
    trace_table table_;
    vocabulary_shelf shelf_;
    operation_index operations_;
    std::map<number, offsets> large_;  ///< where the entries of large traces are
    key_index keys_;
    std::uint64_t entry_bytes_ = 0;
    std::uint64_t large_entries_ = 0;
    std::string scratch_;
};

}  // namespace outrider::collector
