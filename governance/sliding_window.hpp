#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "governance/clock.hpp"

namespace outrider::governance {

/// Results of the last while, in ten buckets of time that are used in turn: what is older than the window drops out a
/// tenth at a time. Any thread, without a lock: a count is one compare-and-swap.
///
/// Whoever counts names the generation it belongs to; clear() begins another one, and what an older one still reports
/// is not counted, even when it arrives in the middle of clear(). Generations are told apart by their lowest 12 bits.
class sliding_window {
  public:
    static constexpr std::uint32_t buckets = 10;

    struct sums {
        std::uint32_t calls = 0, failures = 0, slow = 0;
    };

    /// The number of the bucket for a moment. Windows of another length may be used on the same counts later (a rule
    /// was reloaded): their buckets have other numbers, and the former counts drop out.
    static std::uint32_t bucket_of(nanoseconds since_start, milliseconds window);

    void add(std::uint32_t generation, std::uint32_t bucket, bool failed, bool slow);
    sums sum(std::uint32_t generation, std::uint32_t bucket) const;
    /// Serialised by the caller against itself.
    void clear(std::uint32_t generation);

  private:
    /// Each word: generation (12 bits), number of the bucket (28), count (24, and stays at its greatest).
    struct counts {
        std::atomic<std::uint64_t> calls{0}, failures{0}, slow{0};
    };
    std::array<counts, buckets> counts_;
};

}  // namespace outrider::governance
