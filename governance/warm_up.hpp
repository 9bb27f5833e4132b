#pragma once

#include <atomic>
#include <cstdint>

#include "governance/clock.hpp"

namespace outrider::governance {

/// What a limit is given while the service behind it warms up (Sentinel's warm-up with a cold factor of 3): a third of
/// the rate to begin with, growing evenly to the whole. It begins with the creation, and again with the first use after
/// an idle time as long as the warm-up.
///
/// It slows down the limit's time rather than change its rate: buckets fill by this time, which passes at a third of
/// its speed to begin with and never faster than real time. So no bucket gains by a warm-up, and whatever the curve, no
/// more than rate * T + burst is admitted. A warm-up costs a third of its length, which stays lost.
///
/// Any thread. Times are since the creation.
class warm_up {
  public:
    /// Time as the limit counts it, and the share of rate and burst that holds there.
    struct moment {
        nanoseconds time{0};
        double share = 1;
    };

    /// The state at one time.
    struct reading {
        nanoseconds period{0};
        nanoseconds start{0};  ///< of the warm-up under way, or of the last one
        nanoseconds lost{0};   ///< by those before it
        nanoseconds idle_from{0};

        moment at(nanoseconds now) const;
        /// As use() at `now` would leave it, for as long as the limit stays in use.
        reading used(nanoseconds now) const;
        nanoseconds cost() const;  ///< that a whole warm-up loses
    };

    explicit warm_up(nanoseconds period);

    reading read() const;
    /// Something was admitted.
    void use(nanoseconds now);

  private:
    void restart(nanoseconds now);

    const std::int64_t period_;
    std::atomic<std::uint64_t> version_{0};  ///< odd while a thread writes start_ and lost_
    std::atomic<std::int64_t> start_{0};
    std::atomic<std::int64_t> lost_{0};
    std::atomic<std::int64_t> last_{0};  ///< use
};

}  // namespace outrider::governance
