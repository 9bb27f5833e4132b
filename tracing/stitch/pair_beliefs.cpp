#include "tracing/stitch/pair_beliefs.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {

void pair_beliefs::propagate(int most_rounds) {
    for (pair& p : pairs_) p.offered = 1;
    for (int round = 0; round < most_rounds; ++round) {
        // What each left one makes of its pairs, given for what they can be had; then what entered ones make of that.
        std::fill(left_sums_.begin(), left_sums_.end(), 0.0);
        for (pair& p : pairs_) left_sums_[p.left] += p.weight * p.offered;
        for (pair& p : pairs_) p.asked = p.weight / (1 + std::max(0.0, left_sums_[p.left] - p.weight * p.offered));
        std::fill(entered_sums_.begin(), entered_sums_.end(), 0.0);
        for (pair& p : pairs_) entered_sums_[p.entered] += p.asked;
        double change = 0;
        for (pair& p : pairs_) {
            const double offered = 1 / (1 + std::max(0.0, entered_sums_[p.entered] - p.asked));
            change = std::max(change, std::abs(offered - p.offered));
            p.offered = offered;
        }
        if (change < 1e-3) break;
    }
    std::fill(left_sums_.begin(), left_sums_.end(), 0.0);
    for (pair& p : pairs_) left_sums_[p.left] += p.weight * p.offered;
    for (pair& p : pairs_) p.likely = p.weight * p.offered / (1 + left_sums_[p.left]);
}

}  // namespace outrider::tracing
