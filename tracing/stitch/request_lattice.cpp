#include "tracing/stitch/request_lattice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace outrider::tracing {

namespace {

/// @return whether the numbers could hold it
template <class Number>
bool weigh_in(std::span<request_lattice::edge> edges, std::uint32_t nodes, std::span<const double> worth,
              std::span<double> taken, std::vector<Number>& forward, std::vector<Number>& backward) {
    constexpr auto most = std::numeric_limits<Number>::max() / 1e20, least = 1 / most;
    forward.assign(nodes, 0);
    backward.assign(nodes, 0);
    forward.front() = 1;
    backward.back() = 1;
    const auto weight = [&](const request_lattice::edge& e) {
        return e.candidate < 0 ? e.weight : e.weight * worth[static_cast<std::size_t>(e.candidate)];
    };
    for (const auto& e : edges) forward[e.to] += forward[e.from] * weight(e);
    const Number all = forward.back();
    if (!(all > least && all < most)) return false;
    for (auto e = edges.rbegin(); e != edges.rend(); ++e) backward[e->from] += backward[e->to] * weight(*e);
    const Number whole = 1 / all;
    for (auto& e : edges) {
        e.share = static_cast<double>(forward[e.from] * whole * weight(e) * backward[e.to]);
        if (e.candidate >= 0) taken[static_cast<std::size_t>(e.candidate)] += e.share;
    }
    return true;
}

}  // namespace

double request_lattice::weigh(std::span<edge> edges, std::uint32_t nodes, std::span<const double> worth,
                              std::span<double> taken, sums& work) {
    std::fill(taken.begin(), taken.end(), 0.0);
    // Products of many weights; the wide numbers cost three times as much.
    if (weigh_in(edges, nodes, worth, taken, work.forward, work.backward)) return std::log(work.forward.back());
    if (weigh_in(edges, nodes, worth, taken, work.wide_forward, work.wide_backward))
        return static_cast<double>(std::log(work.wide_forward.back()));
    for (edge& e : edges) e.share = 0;  // nothing can be said of so many calls
    return 0;
}

void request_lattice::teach(call_habits& habits, double weight) const {
    for (const edge& e : edges_) {
        if (e.share < 1e-3 || e.settled) continue;
        habits.saw(e.now, e.since, e.step, weight * e.share);
        if (e.still_open > 0) habits.saw_open_at_end(e.still_open, weight * e.share);
        if (e.gap_ns >= 0) habits.gap(e.since, e.step).add(e.gap_ns, weight * e.share);
    }
}

}  // namespace outrider::tracing
