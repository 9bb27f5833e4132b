#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "governance/keyed_hash.hpp"
#include "sidecar/collector/held_trace.hpp"

namespace outrider::collector {

/// The traces, found by id and by number. A number names a trace until that is removed. Ids come from strangers, who
/// could pick ones that collide: they are hashed with a secret.
class trace_table {
  public:
    using number = std::uint32_t;
    static constexpr number most = (number{1} << 25) - 2;
    explicit trace_table(const governance::hash_secret& secret) : secret_(secret), slots_(16) {}

    std::optional<number> find(const tracing::trace_id& id) const;
    /// A new one; the id must not be there, and there must be fewer than `most`.
    number insert(const tracing::trace_id& id);
    void remove(number which);

    held_trace& operator[](number which) { return traces_[which / per_block][which % per_block]; }
    const held_trace& operator[](number which) const { return traces_[which / per_block][which % per_block]; }
    /// Numbers are below this; those of removed traces are not `alive`.
    number end() const { return end_; }
    std::size_t size() const { return end_ - free_.size(); }
    /// Beside what the traces hold.
    std::size_t memory() const;

  private:
    static constexpr number per_block = 64;
    static constexpr unsigned number_bits = 25;
    static constexpr number number_mask = (number{1} << number_bits) - 1;

    std::uint64_t hash_of(const tracing::trace_id& id) const;
    std::size_t home(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
    /// A few bits of the hash beside the number: the traces that are not meant need not be looked at, which mostly
    /// means waiting for memory.
    static number slot_of(number which, std::uint64_t hash) {
        return static_cast<number>(hash >> 32) << number_bits | (which + 1);
    }
    void enter(number which, std::uint64_t hash);
    void grow();

    const governance::hash_secret secret_;
    std::vector<std::unique_ptr<held_trace[]>> traces_;  ///< in blocks, so that growing moves nothing
    std::vector<number> free_;
    std::vector<number> slots_;  ///< a power of two of them, open addressing; slot_of(), or 0
    number end_ = 0;
    std::uint32_t births_ = 0;
};

}  // namespace outrider::collector
