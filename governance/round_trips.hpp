#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "governance/clock.hpp"

namespace outrider::governance {

/// What the exchanges that ended within one window say together. Times in seconds.
struct round_trips {
    double elapsed = 0;
    double succeeded = 0;
    double failed = 0;
    double busy = 0;           ///< succeeded while at least half of the slots were in use
    double timed = 0;          ///< behind `mean` and `typical`: successes, and failures that took too long
    double slow_failures = 0;  ///< of those
    double mean = 0;
    double typical = 0;        ///< mean of the faster three quarters
    bool turned_away = false;  ///< somebody found no slot

    double ended() const { return succeeded + failed; }
    double throughput() const { return elapsed > 0 ? timed / elapsed : 0; }
    double goodput() const { return elapsed > 0 ? succeeded / elapsed : 0; }
    /// Under way on average (Little's law).
    double in_use() const { return throughput() * mean; }
    /// Whether the limit can have mattered to any of them.
    bool pressed() const { return turned_away || (busy > 0 && busy >= 0.25 * succeeded); }
};

/// Counts round-trip times by their size, from any thread: one atomic addition each.
///
/// Buckets are quarters of an octave from 1 us to 18 minutes. A cell holds how many (upper 24 bits) and the sum of
/// where in the bucket they fell (in 1/65536 of its width), so means are exact to a few parts per million.
class round_trip_window {
  public:
    enum class kind : std::uint8_t { idle, busy, failed };
    void add(nanoseconds took, kind of) {
        auto value = static_cast<std::uint64_t>(std::clamp<nanoseconds::rep>(took.count(), shortest, longest));
        auto octave = static_cast<unsigned>(std::bit_width(value)) - 1;
        auto width = octave - 2;  // of the bucket: log2 of its nanoseconds
        auto bucket = (octave - first_octave) * 4 + ((value >> width) & 3);
        auto offset = ((value << (64 - width)) >> 48);
        cells_[static_cast<std::size_t>(of)][bucket].fetch_add(one | offset, std::memory_order_relaxed);
    }

    struct glimpse {
        double count = 0, mean = 0;  ///< of all kinds; the mean in seconds
    };
    glimpse look() const;
    /// Takes what was counted out; what is added meanwhile belongs to this window or the next.
    /// @param slow  seconds; failures that took longer are timed like successes, as a timeout says that an answer would
    ///              have taken longer still. 0: none are
    round_trips take(double slow);

  private:
    static constexpr unsigned first_octave = 10;
    static constexpr nanoseconds::rep shortest = std::int64_t{1} << first_octave, longest = (std::int64_t{1} << 40) - 1;
    static constexpr std::uint64_t one = std::uint64_t{1} << 40;
    static constexpr std::size_t kinds = 3, buckets = (40 - first_octave) * 4;
    static double sum_of(std::size_t bucket, std::uint64_t cell);
    std::array<std::array<std::atomic<std::uint64_t>, buckets>, kinds> cells_{};
};

}  // namespace outrider::governance
