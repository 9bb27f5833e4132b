#include "governance/fleet_keys.hpp"

#include <algorithm>
#include <bit>

namespace outrider::governance {

fleet_keys::fleet_keys(std::uint32_t most)
    : most_(std::max(most, 1U)),
      // With all keys there, at most eight of sixteen places are taken: one set in 250 has no room for another key.
      mask_(std::bit_ceil(std::size_t{most_} / (width / 2) + 1) - 1),
      sets_(std::make_unique<std::atomic<set*>[]>(mask_ + 1)) {}

fleet_keys::~fleet_keys() {
    for (std::size_t i = 0; i <= mask_; ++i) delete sets_[i].load(std::memory_order_relaxed);
}

fleet_entry* fleet_keys::find(const key_hash& key) const {
    const auto* where = sets_[set_of(key)].load(std::memory_order_acquire);
    if (!where) return nullptr;
    for (std::size_t i = 0; i < width; ++i) {
        if (where->tags[i].load(std::memory_order_acquire) != tag_of(key)) continue;
        if (holds(*where->entries[i], key)) return where->entries[i].get();
    }
    return nullptr;
}

bool fleet_keys::holds(const fleet_entry& entry, const key_hash& key) {
    return entry.low.load(std::memory_order_acquire) == tag_of(key) &&
           entry.high.load(std::memory_order_relaxed) == key.high;
}

void fleet_keys::publish(fleet_entry& entry, const key_hash& key) {
    auto& where = set_for(key);
    entry.high.store(key.high, std::memory_order_relaxed);
    entry.low.store(tag_of(key), std::memory_order_release);
    for (std::size_t i = 0; i < width; ++i)
        if (where.entries[i].get() == &entry) where.tags[i].store(tag_of(key), std::memory_order_release);
}

fleet_keys::set& fleet_keys::set_for(const key_hash& key) {
    auto& where = sets_[set_of(key)];
    if (auto* there = where.load(std::memory_order_acquire)) return *there;
    auto made = std::make_unique<set>();
    where.store(made.get(), std::memory_order_release);
    return *made.release();
}

bool fleet_keys::may_grow() {
    auto count = size();
    while (count < most_)
        if (size_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) return true;
    return false;
}

}  // namespace outrider::governance
