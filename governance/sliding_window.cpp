#include "governance/sliding_window.hpp"

#include <algorithm>

namespace outrider::governance {
namespace {

using word = std::uint64_t;
constexpr word greatest_count = (1u << 24) - 1;
constexpr std::uint32_t number_mask = (1u << 28) - 1;
constexpr std::uint32_t generation_mask = (1u << 12) - 1;

constexpr word pack(std::uint32_t generation, std::uint32_t number, word count) {
    return word{generation & generation_mask} << 52 | word{number & number_mask} << 24 | count;
}
constexpr std::uint32_t generation_of(word w) { return static_cast<std::uint32_t>(w >> 52); }
constexpr std::uint32_t number_of(word w) { return static_cast<std::uint32_t>(w >> 24) & number_mask; }
constexpr std::uint32_t count_of(word w) { return static_cast<std::uint32_t>(w & greatest_count); }

void add_one(std::atomic<word>& cell, std::uint32_t generation, std::uint32_t number) {
    const word tag = pack(generation, number, 0);
    word old = cell.load(std::memory_order_relaxed);
    word next;
    do {
        if (generation_of(old) != (generation & generation_mask)) return;
        if ((old & ~greatest_count) == tag) {
            if (count_of(old) == greatest_count) return;
            next = old + 1;
        } else {
            // Another thread's clock is a whole window ahead: this result is too old to count.
            if (((number_of(old) - number) & number_mask) == sliding_window::buckets) return;
            next = tag + 1;
        }
    } while (!cell.compare_exchange_weak(old, next, std::memory_order_release, std::memory_order_relaxed));
}

std::uint32_t count_within(const std::atomic<word>& cell, std::uint32_t generation, std::uint32_t number) {
    const word w = cell.load(std::memory_order_acquire);
    if (generation_of(w) != (generation & generation_mask)) return 0;
    return ((number - number_of(w)) & number_mask) < sliding_window::buckets ? count_of(w) : 0;
}

}  // namespace

std::uint32_t sliding_window::bucket_of(nanoseconds since_start, milliseconds window) {
    // In floating point, because dividing 64-bit integers takes several times as long; rounding keeps the order.
    const double width = std::max(static_cast<double>(nanoseconds(window).count()) / buckets, 1e5);
    const double number = static_cast<double>(std::max(since_start, nanoseconds{0}).count()) / width;
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(number)) & number_mask;
}

void sliding_window::add(std::uint32_t generation, std::uint32_t bucket, bool failed, bool slow) {
    auto& into = counts_[bucket % buckets];
    add_one(into.calls, generation, bucket);  // first, so that a reader never finds more failures than calls
    if (failed) add_one(into.failures, generation, bucket);
    if (slow) add_one(into.slow, generation, bucket);
}

sliding_window::sums sliding_window::sum(std::uint32_t generation, std::uint32_t bucket) const {
    sums out;
    for (const auto& each : counts_) {
        out.slow += count_within(each.slow, generation, bucket);
        out.failures += count_within(each.failures, generation, bucket);
        out.calls += count_within(each.calls, generation, bucket);
    }
    return out;
}

void sliding_window::clear(std::uint32_t generation) {
    const word empty = pack(generation, 0, 0);
    for (auto& each : counts_)
        for (auto* cell : {&each.calls, &each.failures, &each.slow}) cell->store(empty, std::memory_order_relaxed);
}

}  // namespace outrider::governance
