#include "tracing/stitch/delay_density.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

// A delay's place is asinh of how many spreads it is from the middle.
constexpr double bins_per_unit = 12, units = 10;
constexpr int bins = static_cast<int>(2 * units * bins_per_unit);
constexpr double tail_share = 0.01, prior_mass = 1;
constexpr double least_spread_ns = 2000;

}  // namespace

double delay_density::place(std::int64_t delay_ns) const {
    return std::asinh(static_cast<double>(delay_ns - middle_ns_) / spread_ns_);
}

void delay_density::learn(std::vector<seen_delay> seen) {
    std::sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.delay_ns < b.delay_ns; });
    mass_ = 0;
    for (const auto& s : seen) mass_ += s.weight;
    if (mass_ <= 0) return;
    std::int64_t quartile[3] = {};
    double sum = 0;
    int next = 0;
    for (const auto& s : seen) {
        sum += s.weight;
        while (next < 3 && sum >= mass_ * (next + 1) / 4) quartile[next++] = s.delay_ns;
    }
    middle_ns_ = quartile[1];
    spread_ns_ = std::max(least_spread_ns, static_cast<double>(quartile[2] - quartile[0]) / 2);

    // The quartiles lie about one spread from the middle, so the same width suits all delays.
    const double width = std::max(1.0, 0.5 * bins_per_unit * std::pow(std::max(mass_, 1.0), -0.2));
    const int reach = static_cast<int>(std::ceil(3 * width));
    std::vector<double> kernel(static_cast<std::size_t>(2 * reach + 1));
    double whole = 0;
    for (int d = -reach; d <= reach; ++d)
        whole += kernel[static_cast<std::size_t>(d + reach)] = std::exp(-0.5 * d * d / width / width);
    smooth_.assign(static_cast<std::size_t>(bins), 0.0F);
    for (const auto& s : seen) {
        const int at =
            static_cast<int>(std::clamp(place(s.delay_ns), -units, units - 0.1) * bins_per_unit + bins / 2.0);
        for (int d = -reach; d <= reach; ++d)
            if (at + d >= 0 && at + d < bins)
                smooth_[static_cast<std::size_t>(at + d)] += static_cast<float>(
                    s.weight * kernel[static_cast<std::size_t>(d + reach)] / whole / mass_ * bins_per_unit);
    }
}

double delay_density::at(std::int64_t delay_ns) const {
    const double u = place(delay_ns), bin = u * bins_per_unit + bins / 2.0 - 0.5;
    double seen = 0;
    if (bin >= 0 && bin + 1 < bins) {
        const auto i = static_cast<std::size_t>(bin);
        const double part = bin - static_cast<double>(i);
        seen = smooth_[i] * (1 - part) + smooth_[i + 1] * part;
    }
    const double trust = (1 - tail_share) * mass_ / (mass_ + prior_mass);
    const double far = static_cast<double>(delay_ns - middle_ns_) / spread_ns_;
    return (trust * seen + (1 - trust) / (2 * units)) / (spread_ns_ * std::sqrt(1 + far * far));
}

}  // namespace outrider::tracing
