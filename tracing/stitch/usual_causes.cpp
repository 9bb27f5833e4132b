#include "tracing/stitch/usual_causes.hpp"

#include <algorithm>
#include <bit>

namespace outrider::tracing {
namespace {

constexpr float most_seen = 500;  ///< then the past counts half

std::uint32_t both(std::uint16_t left, std::uint16_t entered) { return std::uint32_t{left} << 16 | entered; }

std::uint32_t with_magnitude(std::uint16_t left, std::int64_t apart_ns) {
    return std::uint32_t{left} << 8 | static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(apart_ns)));
}

}  // namespace

void usual_causes::saw(std::uint16_t left, std::uint16_t entered) {
    if (pairs_.size() >= most_pairs && !pairs_.contains(both(left, entered))) return;
    float& all = lefts_[left];
    ++all;
    ++pairs_[both(left, entered)];
    if (all < most_seen) return;
    all /= 2;
    for (auto& [pair, seen] : pairs_)
        if (pair >> 16 == left) seen /= 2;
}

void usual_causes::saw_alone(std::uint16_t left, bool none_open) {
    auto& of = alone_[left];
    ++(none_open ? of.none : of.one);
    if (of.none + of.one < most_seen) return;
    of.none /= 2;
    of.one /= 2;
}

double usual_causes::causeless(std::uint16_t left) const {
    const auto found = alone_.find(left);
    const auto of = found == alone_.end() ? alone{} : found->second;
    return std::min(1.0, (static_cast<double>(of.none) + 0.25) / (static_cast<double>(of.one) + 1));
}

void usual_causes::saw_queued(std::uint16_t left, std::int64_t apart_ns, bool in_order) {
    auto& of = queued_[with_magnitude(left, apart_ns)];
    of.in_order += in_order ? 1 : 0;
    if (++of.all < most_seen) return;
    of.in_order /= 2;
    of.all /= 2;
}

double usual_causes::keeps_order(std::uint16_t left, std::int64_t apart_ns) const {
    const auto found = queued_.find(with_magnitude(left, apart_ns));
    const auto of = found == queued_.end() ? queued{} : found->second;
    return (static_cast<double>(of.in_order) + 2) / (static_cast<double>(of.all) + 3);
}

double usual_causes::share(std::uint16_t left, std::uint16_t entered) const {
    const auto all = lefts_.find(left);
    if (all == lefts_.end()) return 0.5;
    const auto seen = pairs_.find(both(left, entered));
    return ((seen == pairs_.end() ? 0.0 : static_cast<double>(seen->second)) + 0.5) /
           (static_cast<double>(all->second) + 1);
}

}  // namespace outrider::tracing
