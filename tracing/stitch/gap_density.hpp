#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace outrider::tracing {

/// How long after one event another follows, as learnt: a density over gaps, smoothed in logarithmic time, with a long
/// tail that nothing has to be seen for. What is shown in one round of learning is kept apart from what was kept
/// before.
class gap_density {
  public:
    /// A gap was seen, with this much certainty. Negative gaps count as none.
    void add(std::int64_t gap_ns, double weight);
    /// Forgets what was shown since keep(): another round over the same spans begins. Densities stay until settle().
    void restart();
    /// Makes what was shown count in at().
    void settle();
    /// What was shown stays; old things fade once there is enough.
    void keep();

    /// Probability for each nanosecond.
    double at(std::int64_t gap_ns) const;
    /// The same of a gap of which nothing is known.
    static double unknown(std::int64_t gap_ns);

    double mass() const { return kept_mass_ + shown_mass_; }
    /// Whether at() is behind what was shown by much.
    bool has_grown() const { return mass() > 1.1 * settled_mass_ || mass() < 0.7 * settled_mass_; }
    double settled_mass() const { return settled_mass_; }
    std::size_t memory() const;

  private:
    void cover(int bin);
    double width() const;

    int first_ = 0;  ///< the bin that the vectors begin with
    std::vector<float> kept_, shown_;
    int smooth_first_ = 0;
    std::vector<float> smooth_;  ///< density for each unit of logarithmic time
    double kept_mass_ = 0, shown_mass_ = 0, settled_mass_ = 0;
};

}  // namespace outrider::tracing
