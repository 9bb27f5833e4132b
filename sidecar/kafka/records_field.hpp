#pragma once

#include <cstdint>
#include <string_view>

#include "sidecar/kafka/push_parser.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// The bytes that hold the records of one partition, in a produce request or a fetch answer. Positions count from the
/// first byte that the parser was fed.
struct records_field {
    std::uint64_t length_at = 0;  ///< of the length prefix
    std::uint64_t at = 0;         ///< of the first byte of the records
    std::uint64_t size = 0;
    bool null = false;
};

/// The beginning of one record batch, or of one message (or wrapper) of the older magics.
struct seen_batch {
    static constexpr std::size_t head_size = 61;  ///< of a whole magic 2 head
    static constexpr std::size_t magic_at = 16;

    std::string_view head;        ///< up to 61 bytes: less of the older magics, and where the field ends before
    std::uint64_t position = 0;   ///< of the batch
    std::uint64_t size = 0;       ///< what the batch says of itself, head included; 0 where it is cut before that
    std::uint64_t available = 0;  ///< what the field has of it
    bool cut = false;             ///< the field ends before the batch does, as answers to fetches may
    bool garbled = false;         ///< its length makes no sense: nothing of the field that follows is looked at

    /// -1 when the batch is cut before it.
    int magic() const { return head.size() > magic_at ? static_cast<std::int8_t>(head[magic_at]) : -1; }
    /// A whole magic 2 head is there.
    bool modern() const { return magic() == 2 && head.size() == head_size; }
};

/// Is told what a records field holds. Views are valid during the call.
struct records_visitor {
    virtual void on_records(const records_field&) {}
    /// @return whether the bytes behind the head are wanted
    virtual bool on_batch(const seen_batch&) { return false; }
    /// The bytes behind the head, in pieces, when they were wanted.
    virtual void on_batch_bytes(std::string_view) {}
    /// After each batch, wanted or not.
    virtual void on_batch_end() {}

  protected:
    ~records_visitor() = default;
};

/// Parses a records field, its length prefix included.
push_parse parse_records_field(records_visitor& to, encoding how);

}  // namespace outrider::kafka
