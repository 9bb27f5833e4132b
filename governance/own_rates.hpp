#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "governance/gcra.hpp"
#include "governance/keyed_hash.hpp"

namespace outrider::governance {

/// The keys that a rule names, each with a rate and a word of its own: known from the start, so they never stand in
/// line for a place in the table, and no flood reaches them. Filled once, then read by any thread.
class own_rates {
  public:
    struct own {
        key_hash key;
        rate_scale scale;
        std::atomic<ticks> tat{0};
        bool used = false;
    };

    /// @param keys  that will be added
    explicit own_rates(std::size_t keys);
    void add(const key_hash& key, const rate_scale& scale);
    /// @return null: not one of them
    own* find(const key_hash& key) const {
        if (size_ == 0) return nullptr;
        auto& there = slot(key);
        return there.used ? &there : nullptr;
    }

  private:
    own& slot(const key_hash& key) const {
        auto at = key.low & mask_;
        while (slots_[at].used && !(slots_[at].key == key)) at = (at + 1) & mask_;
        return slots_[at];
    }

    std::size_t size_ = 0;
    std::size_t mask_;
    std::unique_ptr<own[]> slots_;  ///< open addressing, at most half of it used
};

}  // namespace outrider::governance
