#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace outrider::tracing {

/// From hashes to sequence numbers, several for one hash: an open table of eight bytes a place. It keeps no keys, so
/// whoever looks up compares what the number stands for. Numbers that are no longer held are passed over, and left out
/// when the table is built anew.
class sequence_index {
  public:
    /// What is inserted for one hash beyond that takes the place of what was found first.
    static constexpr std::size_t most_of_one_hash = 64;

    /// Whether the next insert would make it too full: rebuild() first.
    bool full() const { return (used_ + 1) * 20 > places_.size() * 17; }
    std::size_t memory() const { return places_.capacity() * sizeof(place); }
    bool empty() const { return used_ == 0; }

    void insert(std::uint64_t hash, std::uint32_t number) {
        const auto tag = static_cast<std::uint32_t>(hash >> 32);
        std::size_t same = 0, first_same = places_.size();
        auto at = home_of(tag);
        for (; places_[at].taken; at = next(at)) {
            if (places_[at].tag != tag) continue;
            if (same++ == 0) first_same = at;
            if (same == most_of_one_hash) {
                places_[first_same].number = number;
                return;
            }
        }
        places_[at] = {tag, number, 1};
        ++used_;
    }

    /// Tells numbers that may be meant until one is what was looked for. @return whether one was
    template <class Found>
    bool find(std::uint64_t hash, Found&& found) const {
        if (places_.empty()) return false;
        const auto tag = static_cast<std::uint32_t>(hash >> 32);
        for (auto at = home_of(tag); places_[at].taken; at = next(at)) {
            if (places_[at].tag == tag && found(places_[at].number)) return true;
        }
        return false;
    }

    /// Fetches the place where a search will begin: tables are larger than caches.
    void prefetch(std::uint64_t hash) const {
        if (!places_.empty()) __builtin_prefetch(places_.data() + home_of(static_cast<std::uint32_t>(hash >> 32)));
    }

    /// Leaves out what is no longer held and makes room.
    template <class Held>
    void rebuild(Held&& held) {
        std::size_t kept = 0;
        for (const auto& one : places_) kept += one.taken && held(one.number);
        std::vector<place> old(kept * 3 / 2 + 64);
        old.swap(places_);
        used_ = kept;
        for (const auto& one : old) {
            if (!one.taken || !held(one.number)) continue;
            auto at = home_of(one.tag);
            while (places_[at].taken) at = next(at);
            places_[at] = one;
        }
    }

  private:
    struct place {
        std::uint32_t tag = 0;
        std::uint32_t number : 31 = 0;
        std::uint32_t taken : 1 = 0;
    };

    std::size_t home_of(std::uint32_t tag) const { return std::uint64_t{tag} * places_.size() >> 32; }
    std::size_t next(std::size_t at) const { return at + 1 == places_.size() ? 0 : at + 1; }

    std::vector<place> places_;
    std::size_t used_ = 0;
};

}  // namespace outrider::tracing
