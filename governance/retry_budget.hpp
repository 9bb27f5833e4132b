#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "governance/clock.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// How many further attempts are allowed: a share of the exchanges of the last ten seconds, and always a few at once.
/// Any thread, without a lock. Seconds are whole ones since it was created, the one that runs and nine before it, so
/// what counts is nine to ten seconds. Never exceeded at the moment a retry begins: of several that begin at once and
/// of which not all fit, more may be refused than would have to be.
class retry_budget {
  public:
    retry_budget(const retry_rule& rule, time_point created);
    /// One exchange begins.
    void exchange(time_point now);
    /// @return whether a retry may begin; then end() follows exactly once
    bool begin(time_point now);
    void end();
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

  private:
    bool take_of_floor();
    bool within_budget(std::uint32_t number) const;

    struct second {
        std::atomic<std::uint64_t> exchanges{0};  ///< number of the second << 32 | count
        std::atomic<std::uint64_t> retries{0};
    };
    double budget_;
    std::uint32_t floor_;
    time_point created_;
    std::array<second, 16> seconds_;
    std::atomic<std::uint32_t> under_way_{0};
    std::atomic<std::uint64_t> refused_{0};
};

/// The wait before retry `number` (1 is the first): a random share of the doubled backoff (full jitter).
/// @param random  evenly distributed
milliseconds backoff_before(const retry_rule& rule, std::uint32_t number, std::uint32_t random);

}  // namespace outrider::governance
