#include "governance/key_table.hpp"

#include <cstdlib>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

namespace outrider::governance {
namespace {

constexpr std::size_t line = 64;
constexpr int spins = 64;  ///< about as long as the longest hold; beyond it the holder is not running

ticks to_even(ticks time) { return time + (time & 1); }

/// What a new key may take of one bucket.
struct room {
    std::size_t usable = 0;  ///< places that are empty or whose TAT has passed
    std::size_t index = 0;   ///< of those the one with the oldest TAT
};

template <std::size_t N>
room room_in(const ticks (&tat)[N], ticks now) {
    room out;
    for (std::size_t i = 0; i < N; ++i) {
        if (to_even(tat[i]) > now && tat[i] != 0) continue;
        if (out.usable++ == 0 || tat[i] < tat[out.index]) out.index = i;
    }
    return out;
}

/// An even choice out of `count` by 32 random bits.
std::size_t pick(std::uint32_t random, std::size_t count) { return random * count >> 32; }

}  // namespace

void key_table::free_memory::operator()(void* memory) const { std::free(memory); }

key_table::key_table(std::uint32_t keys)
    : count_(std::size_t{keys} / 2 + 8), memory_(std::calloc(count_ + 1, sizeof(bucket))) {
    // calloc() and not new: of a large table the kernel hands out pages as they are first written to.
    static_assert(std::is_aggregate_v<bucket> && std::is_trivially_destructible_v<bucket>);
    if (!memory_) throw std::bad_alloc();
    void* at = memory_.get();
    auto room = (count_ + 1) * sizeof(bucket);
    buckets_ = static_cast<bucket*>(std::align(line, count_ * sizeof(bucket), at, room));
}

key_table::~key_table() = default;

void key_table::bucket::lock() {
    std::atomic_ref word{gate};
    for (int tries = 0;; ++tries) {
        auto open = word.load(std::memory_order_relaxed) & ~std::uint64_t{1};
        if (word.compare_exchange_weak(open, open | 1, std::memory_order_acquire, std::memory_order_relaxed)) return;
        if (tries >= spins) std::this_thread::yield();
    }
}

void key_table::bucket::forget(ticks up_to) {
    auto latest = std::max(forgotten(), to_even(up_to));
    std::atomic_ref{gate}.store(latest | 1, std::memory_order_relaxed);
}

std::size_t key_table::bucket::find(const key_hash& wanted) const {
    std::size_t index = 0;
    while (index < places && !(key[index] == wanted && tat[index] != 0)) ++index;
    return index;
}

key_table::place key_table::at(const key_hash& key, ticks now) {
    auto low = pick(static_cast<std::uint32_t>(key.low), count_);
    auto high = pick(static_cast<std::uint32_t>(key.low >> 32), count_);
    if (low == high) high = (high + 1) % count_;
    // Always locked in this order, so that two threads never wait for each other.
    if (low > high) std::swap(low, high);
    auto &first = buckets_[low], &second = buckets_[high];
    for (auto* each : {&second, &first}) {
        __builtin_prefetch(each, 1);
        __builtin_prefetch(reinterpret_cast<const char*>(each) + line, 1);
    }
    return place{*this, first, second, key, now};
}

key_table::place::place(key_table& table, bucket& first, bucket& second, const key_hash& key, ticks now)
    : table_(table), first_(&first), key_(key) {
    if (look_in(first)) return;
    second_ = &second;
    if (!look_in(second)) choose(now);
}

key_table::place::~place() {
    if (second_) second_->unlock();
    first_->unlock();
}

bool key_table::place::look_in(bucket& which) {
    which.lock();
    index_ = which.find(key_);
    known_ = index_ < places;
    if (!known_) return false;
    chosen_ = &which;
    tat_ = which.tat[index_];
    return true;
}

/// In the emptier bucket, as two random choices want it; there the place with the oldest TAT, so that what a bucket
/// remembers of the forgotten lies far back.
void key_table::place::choose(ticks now) {
    tat_ = std::max(first_->forgotten(), second_->forgotten());
    auto one = room_in(first_->tat, now), other = room_in(second_->tat, now);
    bool toss = (key_.high & 1) != 0;
    bool takes_first = one.usable == other.usable ? toss : one.usable > other.usable;
    const auto& better = takes_first ? one : other;
    if (better.usable == 0) return;
    chosen_ = takes_first ? first_ : second_;
    index_ = better.index;
}

void key_table::place::remember(ticks tat) { first_->forget(tat); }

void key_table::place::put(ticks tat) {
    if (!known_) {
        if (chosen_->tat[index_] == 0) table_.size_.fetch_add(1, std::memory_order_relaxed);
        chosen_->forget(chosen_->tat[index_]);
        chosen_->key[index_] = key_;
        known_ = true;
    }
    if (tat == 0) table_.size_.fetch_sub(1, std::memory_order_relaxed);
    chosen_->tat[index_] = tat;
}

}  // namespace outrider::governance
