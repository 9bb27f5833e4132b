#include "tracing/stitch/gap_density.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

// Logarithmic time u = log2(1 + gap / unit), in bins.
constexpr double unit_ns = 500;
constexpr double bins_per_octave = 12;
constexpr int most_bins = 600;
constexpr double octaves_of_unknown = 30;  ///< up to nine minutes
constexpr double tail_share = 0.01;        ///< of gaps unlike anything seen
constexpr double prior_mass = 2;           ///< so many sightings weigh as much as knowing nothing
constexpr double most_kept = 5000;

double octaves(std::int64_t gap_ns) {
    return std::log2(1 + static_cast<double>(std::max<std::int64_t>(gap_ns, 0)) / unit_ns);
}
double octaves_per_ns(std::int64_t gap_ns) {
    return 1.4426950408889634 / (unit_ns + static_cast<double>(std::max<std::int64_t>(gap_ns, 0)));
}

}  // namespace

void gap_density::cover(int bin) {
    if (kept_.empty()) first_ = bin;
    if (bin < first_) {
        kept_.insert(kept_.begin(), static_cast<std::size_t>(first_ - bin), 0.0F);
        shown_.insert(shown_.begin(), static_cast<std::size_t>(first_ - bin), 0.0F);
        first_ = bin;
    }
    const auto size = static_cast<std::size_t>(bin - first_ + 1);
    if (kept_.size() < size) {
        kept_.resize(size);
        shown_.resize(size);
    }
}

void gap_density::add(std::int64_t gap_ns, double weight) {
    if (!(weight > 0)) return;
    const int bin = std::min(static_cast<int>(octaves(gap_ns) * bins_per_octave), most_bins - 1);
    cover(bin);
    shown_[static_cast<std::size_t>(bin - first_)] += static_cast<float>(weight);
    shown_mass_ += weight;
}

void gap_density::restart() {
    std::fill(shown_.begin(), shown_.end(), 0.0F);
    shown_mass_ = 0;
}

// Silverman's rule, on the narrower of the standard deviation and the quartiles.
double gap_density::width() const {
    const double total = mass();
    double sum = 0, mean = 0, squares = 0, quartiles[2] = {-1, -1};
    for (std::size_t i = 0; i < kept_.size(); ++i) {
        const double m = kept_[i] + shown_[i], at = static_cast<double>(i);
        sum += m, mean += m * at, squares += m * at * at;
        if (quartiles[0] < 0 && sum >= total / 4) quartiles[0] = at;
        if (quartiles[1] < 0 && sum >= total * 3 / 4) quartiles[1] = at;
    }
    mean /= total;
    const double deviation = std::sqrt(std::max(0.0, squares / total - mean * mean));
    const double spread = std::min(deviation, (quartiles[1] - quartiles[0] + 1) / 1.34);
    return std::clamp(0.9 * spread * std::pow(std::max(total, 1.0), -0.2), 0.4, 2 * bins_per_octave);
}

void gap_density::settle() {
    settled_mass_ = mass();
    smooth_.clear();
    if (settled_mass_ <= 0) return;
    const double narrow = width(), wide = 4 * narrow;
    const int reach = static_cast<int>(std::ceil(3 * wide));
    std::vector<double> kernel(static_cast<std::size_t>(reach) + 1);
    double whole[2] = {0, 0};
    for (int d = -reach; d <= reach; ++d) {
        whole[0] += std::exp(-0.5 * d * d / narrow / narrow);
        whole[1] += std::exp(-0.5 * d * d / wide / wide);
    }
    for (int d = 0; d <= reach; ++d)
        kernel[static_cast<std::size_t>(d)] = 0.85 * std::exp(-0.5 * d * d / narrow / narrow) / whole[0] +
                                              0.15 * std::exp(-0.5 * d * d / wide / wide) / whole[1];
    smooth_first_ = first_ - reach;
    smooth_.assign(kept_.size() + 2 * static_cast<std::size_t>(reach), 0.0F);
    for (std::size_t i = 0; i < kept_.size(); ++i) {
        const double m = (kept_[i] + shown_[i]) * bins_per_octave / settled_mass_;
        if (m <= 1e-9) continue;
        for (int d = -reach; d <= reach; ++d)
            smooth_[i + static_cast<std::size_t>(reach + d)] +=
                static_cast<float>(m * kernel[static_cast<std::size_t>(std::abs(d))]);
    }
}

void gap_density::keep() {
    const double fade = kept_mass_ + shown_mass_ > most_kept ? 0.5 : 1;
    for (std::size_t i = 0; i < kept_.size(); ++i) kept_[i] = static_cast<float>((kept_[i] + shown_[i]) * fade);
    kept_mass_ = (kept_mass_ + shown_mass_) * fade;
    restart();
}

double gap_density::unknown(std::int64_t gap_ns) { return octaves_per_ns(gap_ns) / octaves_of_unknown; }

double gap_density::at(std::int64_t gap_ns) const {
    const double u = octaves(gap_ns) * bins_per_octave;
    double seen = 0;
    // Between the middles of bins, linearly.
    const double place = u - 0.5 - smooth_first_;
    if (place >= 0 && place + 1 < static_cast<double>(smooth_.size())) {
        const auto i = static_cast<std::size_t>(place);
        const double part = place - static_cast<double>(i);
        seen = smooth_[i] * (1 - part) + smooth_[i + 1] * part;
    }
    const double trust = (1 - tail_share) * settled_mass_ / (settled_mass_ + prior_mass);
    return octaves_per_ns(gap_ns) * (trust * seen + (1 - trust) / octaves_of_unknown);
}

std::size_t gap_density::memory() const {
    return sizeof *this + (kept_.capacity() + shown_.capacity() + smooth_.capacity()) * sizeof(float);
}

}  // namespace outrider::tracing
