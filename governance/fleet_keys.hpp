#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "governance/fleet_lease.hpp"
#include "governance/keyed_hash.hpp"

namespace outrider::governance {

/// One key of a fleet's limit, and its lease.
struct fleet_entry {
    std::atomic<std::uint64_t> low{0}, high{0};  ///< of the key's hash; low 0: nobody's
    std::atomic<double> per_second{0};           ///< of the rule, or of its override for this key; before any warm-up
    std::array<std::uint8_t, 16> name{};         ///< in the store
    bool in_line = false;                        ///< its lease will be looked at when it is over
    std::mutex* lock = nullptr;                  ///< what the lease and the fields above are changed under
    fleet_lease lease;
};

/// The keys of one limit: sets of sixteen, found without a lock. Memory is taken as it is first used, and an entry
/// stays where it is until the end; only idle ones (full buckets, as new ones have) give way to new keys.
class fleet_keys {
  public:
    explicit fleet_keys(std::uint32_t most);
    ~fleet_keys();
    fleet_keys(const fleet_keys&) = delete;
    fleet_keys& operator=(const fleet_keys&) = delete;

    /// Null when the key is not there. Without its lock, what was done with the entry counts if it still holds() it.
    fleet_entry* find(const key_hash& key) const;
    static bool holds(const fleet_entry& entry, const key_hash& key);

    std::mutex& lock_of(const key_hash& key) { return locks_[set_of(key) % locks_.size()]; }
    /// Under the key's lock. An entry for a key that is not there: a new one, or one that `idle` agrees to; null when
    /// there is none. Nobody finds it before publish().
    template <typename Idle>
    fleet_entry* claim(const key_hash& key, const Idle& idle);
    void publish(fleet_entry& entry, const key_hash& key);

    std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  private:
    static constexpr std::size_t width = 16;
    struct set {
        std::array<std::atomic<std::uint64_t>, width> tags{};  ///< `low` of the entries; 0: empty, or being changed
        std::array<std::unique_ptr<fleet_entry>, width> entries;
    };
    std::size_t set_of(const key_hash& key) const { return key.high & mask_; }
    static std::uint64_t tag_of(const key_hash& key) { return key.low | 1; }
    set& set_for(const key_hash& key);
    bool may_grow();

    const std::uint32_t most_;
    const std::size_t mask_;
    std::unique_ptr<std::atomic<set*>[]> sets_;
    std::array<std::mutex, 64> locks_;
    std::atomic<std::size_t> size_{0};
};

template <typename Idle>
fleet_entry* fleet_keys::claim(const key_hash& key, const Idle& idle) {
    auto& where = set_for(key);
    for (std::size_t i = 0; i < width; ++i) {
        auto& entry = where.entries[i];
        if (entry || !may_grow()) continue;
        entry = std::make_unique<fleet_entry>();
        entry->lock = &lock_of(key);
        return entry.get();
    }
    for (std::size_t i = 0; i < width; ++i) {
        auto& entry = where.entries[i];
        if (!entry || !idle(*entry)) continue;
        where.tags[i].store(0, std::memory_order_relaxed);
        entry->low.store(0, std::memory_order_relaxed);
        return entry.get();
    }
    return nullptr;
}

}  // namespace outrider::governance
