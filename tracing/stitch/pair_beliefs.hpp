#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace outrider::tracing {

/// Which of two kinds of spans belong together, one to one, where some have no partner: belief propagation over the
/// pairs that are possible at all.
class pair_beliefs {
  public:
    struct pair {
        std::uint32_t left = 0, entered = 0;
        double weight = 0;  ///< how likely the two belong together, against both being alone
        double likely = 0;  ///< the same when all others have been heard
        double asked = 0, offered = 0;
    };

    pair_beliefs() = default;
    pair_beliefs(std::size_t lefts, std::size_t entered) : left_sums_(lefts), entered_sums_(entered) {}

    void add(const pair& possible) { pairs_.push_back(possible); }
    void propagate(int most_rounds);
    std::span<const pair> pairs() const { return pairs_; }

  private:
    std::vector<pair> pairs_;
    std::vector<double> left_sums_, entered_sums_;
};

}  // namespace outrider::tracing
