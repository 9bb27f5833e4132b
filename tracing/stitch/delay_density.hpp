#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace outrider::tracing {

/// A delay as seen, with how certain it is that it was one.
struct seen_delay {
    std::int64_t delay_ns = 0;
    float weight = 0;
};

/// A density over delays whose zero is not known, as between two clocks: fine around the middle, coarse far from it,
/// with long tails on both sides.
class delay_density {
  public:
    void learn(std::vector<seen_delay> seen);
    bool known() const { return !smooth_.empty(); }
    /// Probability for each nanosecond.
    double at(std::int64_t delay_ns) const;
    std::int64_t middle_ns() const { return middle_ns_; }
    std::int64_t spread_ns() const { return static_cast<std::int64_t>(spread_ns_); }
    std::size_t memory() const { return smooth_.capacity() * sizeof(float); }

  private:
    double place(std::int64_t delay_ns) const;

    std::int64_t middle_ns_ = 0;
    double spread_ns_ = 1, mass_ = 0;
    std::vector<float> smooth_;
};

}  // namespace outrider::tracing
