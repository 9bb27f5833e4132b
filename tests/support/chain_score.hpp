#pragma once

#include <chrono>
#include <cstddef>
#include <map>

#include "tests/support/chain_generator.hpp"
#include "tracing/stitch/stitcher.hpp"

namespace outrider::test {

/// What a stitcher said, in the end, and how long it took for that.
struct stitched {
    std::map<tracing::span_key, tracing::decision> decisions;  ///< the last of each root
    std::map<tracing::span_key, std::int64_t> decided_ns;      ///< when that was
    tracing::stitch_counters counters;
    std::uint64_t most_bytes = 0, most_held = 0;
    double cpu_seconds = 0;
};

/// Hands a stitcher the spans as they arrive and asks it every so often.
stitched run_stitcher(const generated_chains& input, const tracing::stitch_options& options,
                      std::chrono::nanoseconds every = std::chrono::milliseconds(50));

/// How much of it is true. Links are those of roots whose cause was received; what has no cause, or lost it, can only
/// be linked wrongly.
struct chain_score {
    std::size_t chains = 0, whole = 0;  ///< whole: every link of it right, and nothing foreign hangs in it
    std::size_t links = 0, right = 0, wrong = 0;
    std::size_t sure = 0, sure_right = 0, sure_wrong = 0;  ///< confidence of 0.9 and over
    std::size_t undecided = 0;                             ///< roots of which nothing was ever said
    double latency_p50_s = 0, latency_p99_s = 0;           ///< of chains: from the arrival of the last span

    double whole_share() const { return share(whole, chains); }
    double right_share() const { return share(right, links); }
    double coverage() const { return share(sure_right, links); }
    double wrong_rate() const { return share(sure_wrong, sure); }
    chain_score& operator+=(const chain_score& other);

  private:
    static double share(std::size_t part, std::size_t of) {
        return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
    }
};

chain_score score(const generated_chains& truth, const stitched& said);

}  // namespace outrider::test
