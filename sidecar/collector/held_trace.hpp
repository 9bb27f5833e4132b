#pragma once

#include <cstdint>
#include <string_view>

#include "sidecar/collector/block_pool.hpp"
#include "tracing/ids.hpp"

namespace outrider::collector {

/// What is known of an entry beside its content.
enum entry_mark : std::uint8_t {
    mark_dead = 1,     ///< something newer has taken its place
    mark_settled = 2,  ///< of a span: its fate is known, it was forwarded or was not to be
    mark_differed = 4  ///< of a span: the one that it replaced was another
};

/// A span or a decision of a trace, as it is held.
struct held_entry {
    std::uint32_t offset = 0;  ///< names it until something is removed
    std::uint8_t slot = 0;     ///< of the vocabulary that it was encoded with; 0: it is a decision
    std::uint8_t marks = 0;
    std::string_view body;

    bool dead() const { return (marks & mark_dead) != 0; }
    bool is_span() const { return slot != 0 && !dead(); }
    bool is_decision() const { return slot == 0 && !dead(); }
    tracing::span_id id() const;  ///< of the span, or of the root that the decision is about
};

/// Entries one behind the other in a single piece of memory, in order of arrival: length slot marks body. Whoever has
/// it names the pool that the piece is from, always the same, and releases it.
class entry_list {
  public:
    class iterator {
      public:
        iterator(const entry_list& list, std::uint32_t at) : list_(&list), at_(at) { read(); }
        const held_entry& operator*() const { return now_; }
        const held_entry* operator->() const { return &now_; }
        iterator& operator++() {
            at_ = next_;
            read();
            return *this;
        }
        bool operator!=(const iterator& other) const { return at_ != other.at_; }

      private:
        void read();
        const entry_list* list_;
        std::uint32_t at_, next_ = 0;
        held_entry now_;
    };

    iterator begin() const { return {*this, 0}; }
    iterator end() const { return {*this, size_}; }
    held_entry at(std::uint32_t offset) const { return *iterator{*this, offset}; }

    /// @return its offset
    std::uint32_t append(block_pool& pool, std::uint8_t slot, std::uint8_t marks, std::string_view body);
    void mark(std::uint32_t offset, std::uint8_t also);
    /// @return whether the dead outweigh the living, so that compact() would pay
    bool kill(std::uint32_t offset);
    void compact(block_pool& pool);
    void release(block_pool& pool);

    std::size_t size() const { return size_; }
    std::size_t memory() const { return capacity_; }

  private:
    void reserve(block_pool& pool, std::size_t more);
    std::size_t mark_at(std::uint32_t offset) const;

    char* bytes_ = nullptr;
    std::uint32_t size_ = 0, capacity_ = 0, dead_ = 0;
};

/// One trace. There are very many: every byte counts.
struct held_trace {
    static constexpr std::uint32_t nobody = 0xffffffff;

    tracing::trace_id id;
    tracing::trace_id sent_as;  ///< the chain that its spans were forwarded under, if they were
    entry_list entries;
    std::uint64_t base_ns = 0;                     ///< what times within the entries count from
    std::uint64_t start_ns = 0;                    ///< of its first span
    std::int64_t touched_ns = 0;                   ///< when its last span came, by the store's clock
    std::uint32_t older = nobody, newer = nobody;  ///< its neighbours in the order of eviction
    std::uint32_t birth = 0;                       ///< tells it from an earlier one of the same number
    std::uint32_t spans = 0, decisions = 0;
    std::uint32_t waiting = 0;  ///< spans whose fate is not known yet
    std::uint32_t dropped = 0;  ///< spans that were too many
    bool alive = false;
    bool watched = false;      ///< someone will look whether its chain has settled
    bool linked = false;       ///< it has been part of a chain
    bool sampled_out = false;  ///< its chain was not to be forwarded
};

}  // namespace outrider::collector
