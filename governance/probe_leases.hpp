#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "governance/clock.hpp"
#include "governance/outcome.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// The probes of a half-open breaker: who has one, until when, and what they found. Belongs to the breaker's lock.
class probe_leases {
  public:
    explicit probe_leases(const breaker_rule& rule);

    /// Begins anew; former leases are void.
    void clear();
    /// One more probe, if one is missing, and either one has succeeded, none is under way, or the last one began
    /// `open` ago. @return its lease; 0: none now
    std::uint32_t take(time_point now);
    /// When the first of the leases that have run out did.
    std::optional<time_point> first_ended(time_point now) const;

    enum class finding : std::uint8_t { nothing, failed, too_slow, all_succeeded };
    /// A lease that is not held (any more) finds nothing, and so does an outcome that is ignored.
    finding give_back(std::uint32_t lease, outcome how, nanoseconds took);

    std::uint32_t slow() const { return slow_; }
    /// That must succeed.
    std::uint32_t all() const { return static_cast<std::uint32_t>(probes_.size()); }

  private:
    struct probe {
        std::uint32_t lease = 0;  ///< 0: a place nobody holds
        time_point ends{};
    };

    const milliseconds apart_, length_, slow_over_;
    const std::optional<double> slow_share_;
    std::vector<probe> probes_;
    std::uint32_t given_ = 0;  ///< leases, ever
    std::uint32_t under_way_ = 0, succeeded_ = 0, slow_ = 0;
    time_point last_{};
};

}  // namespace outrider::governance
