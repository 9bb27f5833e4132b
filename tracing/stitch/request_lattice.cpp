#include "tracing/stitch/request_lattice.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {

void request_lattice::weigh(std::span<edge> edges, std::uint32_t nodes, std::span<const double> worth,
                            std::span<double> taken, sums& work) {
    work.forward.assign(nodes, 0);
    work.backward.assign(nodes, 0);
    work.forward.front() = 1;
    work.backward.back() = 1;
    const auto weight = [&](const edge& e) {
        return e.candidate < 0 ? e.weight : e.weight * worth[static_cast<std::size_t>(e.candidate)];
    };
    for (const edge& e : edges) work.forward[e.to] += work.forward[e.from] * weight(e);
    for (auto e = edges.rbegin(); e != edges.rend(); ++e) work.backward[e->from] += work.backward[e->to] * weight(*e);
    std::fill(taken.begin(), taken.end(), 0.0);
    const long double all = work.forward.back();
    if (!(all > 0) || !std::isfinite(all)) {  // nothing can be said of so many calls
        for (edge& e : edges) e.share = 0;
        return;
    }
    for (edge& e : edges) {
        e.share = static_cast<double>(work.forward[e.from] * weight(e) * work.backward[e.to] / all);
        if (e.candidate >= 0) taken[static_cast<std::size_t>(e.candidate)] += e.share;
    }
}

void request_lattice::teach(call_habits& habits) const {
    for (const edge& e : edges_) {
        if (e.share < 1e-3 || e.settled) continue;
        habits.saw(e.now, e.since, e.step, e.share);
        if (e.gap_ns >= 0) habits.gap(e.since, e.step).add(e.gap_ns, e.share);
    }
}

}  // namespace outrider::tracing
