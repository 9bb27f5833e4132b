#include "governance/round_trips.hpp"

#include <cmath>

namespace outrider::governance {
namespace {

constexpr double typical_share = 0.75;

double mean_of_fastest(double share, double all, const auto& counts, const auto& sums) {
    double mean = 0, left = all * share;
    for (std::size_t b = 0; b < counts.size() && left > 0; ++b) {
        if (counts[b] == 0) continue;
        auto used = std::min(left, counts[b]);
        mean += sums[b] * used / counts[b];
        left -= used;
    }
    return mean / (all * share);
}

}  // namespace

/// Of the times in a cell, in seconds.
double round_trip_window::sum_of(std::size_t bucket, std::uint64_t cell) {
    auto width = std::ldexp(1e-9, static_cast<int>(bucket / 4 + first_octave) - 2);
    auto count = static_cast<double>(cell >> 40);
    return width * (count * static_cast<double>(4 + bucket % 4) + static_cast<double>(cell & (one - 1)) / 65536);
}

round_trip_window::glimpse round_trip_window::look() const {
    glimpse out;
    double sum = 0;
    for (const auto& of_kind : cells_) {
        for (std::size_t b = 0; b < buckets; ++b) {
            auto cell = of_kind[b].load(std::memory_order_relaxed);
            if (cell == 0) continue;
            out.count += static_cast<double>(cell >> 40);
            sum += sum_of(b, cell);
        }
    }
    out.mean = out.count > 0 ? sum / out.count : 0;
    return out;
}

round_trips round_trip_window::take(double slow) {
    round_trips out;
    std::array<double, buckets> counts{}, sums{};
    for (std::size_t k = 0; k < kinds; ++k) {
        for (std::size_t b = 0; b < buckets; ++b) {
            if (cells_[k][b].load(std::memory_order_relaxed) == 0) continue;
            auto cell = cells_[k][b].exchange(0, std::memory_order_relaxed);
            auto count = static_cast<double>(cell >> 40);
            auto sum = sum_of(b, cell);
            bool failed = k == static_cast<std::size_t>(kind::failed);
            (failed ? out.failed : out.succeeded) += count;
            if (k == static_cast<std::size_t>(kind::busy)) out.busy += count;
            if (failed && (slow <= 0 || sum < count * slow)) continue;
            if (failed) out.slow_failures += count;
            counts[b] += count;
            sums[b] += sum;
            out.timed += count;
            out.mean += sum;
        }
    }
    if (out.timed == 0) return out;
    out.mean /= out.timed;
    out.typical = mean_of_fastest(typical_share, out.timed, counts, sums);
    return out;
}

}  // namespace outrider::governance
