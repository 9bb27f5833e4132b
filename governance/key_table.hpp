#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "governance/gcra.hpp"
#include "governance/keyed_hash.hpp"

namespace outrider::governance {

/// The words of many keys, in memory of fixed size that is not touched before it is needed. Any thread.
///
/// Each key may stand in either of two buckets of five places (two random choices: with as many keys as the table is
/// made for, two of five places are taken, and a table of a million finds both buckets of some key full once in ten
/// thousand times). A new key takes an empty place, or that of a key whose TAT has passed: such a bucket is full, as a
/// new one is, so nothing is lost by forgetting it.
///
/// Exact with time that threads hand in a little out of order, too: a bucket keeps the latest TAT it has forgotten, and
/// a new key begins with that. For whoever's time is later it is in the past and says nothing; for a thread whose time
/// is behind, a key that was forgotten meanwhile is not new.
class key_table {
  public:
    /// @param keys  that are told apart at once
    explicit key_table(std::uint32_t keys);
    ~key_table();
    key_table(const key_table&) = delete;
    key_table& operator=(const key_table&) = delete;

    /// One key's place, locked while this lives; short, and nothing else locked meanwhile.
    class place;
    /// The place of a key, or one that it may take: put() does so.
    place at(const key_hash& key, ticks now);

    std::size_t size() const { return size_.load(std::memory_order_relaxed); }
    std::size_t bytes() const { return count_ * sizeof(bucket); }

  private:
    static constexpr std::size_t places = 5;

    /// Two cache lines. Plain words, as calloc() makes them, under a lock of one bit.
    struct bucket {
        std::uint64_t gate;  ///< bit 0: locked; the rest: the latest TAT forgotten, an even number of ticks
        ticks tat[places];   ///< 0: empty
        key_hash key[places];

        void lock();
        void unlock() { std::atomic_ref{gate}.store(forgotten(), std::memory_order_release); }
        /// Others look at the gate while it is locked, so it is read as an atomic.
        ticks forgotten() { return std::atomic_ref{gate}.load(std::memory_order_relaxed) & ~std::uint64_t{1}; }
        void forget(ticks up_to);
        std::size_t find(const key_hash& wanted) const;
    };
    static_assert(sizeof(bucket) == 128);

    struct free_memory {
        void operator()(void* memory) const;
    };

    const std::size_t count_;
    std::unique_ptr<void, free_memory> memory_;
    bucket* buckets_ = nullptr;
    std::atomic<std::size_t> size_{0};
};

class key_table::place {
  public:
    ~place();
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    /// False: both buckets are full of keys whose TAT lies ahead.
    bool exists() const { return index_ < places; }
    /// Whether the table knows the key; else this would be new.
    bool known() const { return known_; }
    ticks tat() const { return tat_; }
    /// Only where it exists().
    void put(ticks tat);
    /// Where none exists(): the key was served elsewhere. When it finds a place later it begins with this TAT at least,
    /// as do other new keys of the bucket, which were as new and found it as full.
    void remember(ticks tat);

  private:
    friend class key_table;
    place(key_table& table, bucket& first, bucket& second, const key_hash& key, ticks now);
    void choose(ticks now);
    bool look_in(bucket& which);

    key_table& table_;
    bucket* first_;
    bucket* second_ = nullptr;  ///< null: not locked
    bucket* chosen_ = nullptr;
    std::size_t index_ = places;
    const key_hash key_;
    ticks tat_ = 0;
    bool known_ = false;
};

}  // namespace outrider::governance
