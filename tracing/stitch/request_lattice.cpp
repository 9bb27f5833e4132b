#include "tracing/stitch/request_lattice.hpp"

#include <algorithm>

namespace outrider::tracing {
namespace {

constexpr double end_scale_ns = 1e6;  ///< the end of a request happens once: any scale will do
constexpr double least_weight = 1e-15, most_weight = 1e12;
constexpr long double beam = 1e-6L;
constexpr std::size_t most_nodes = 1500, most_edges = 20000;

}  // namespace

// The latest event of the request at that time, and which calls are still open then.
void request_lattice::advance(node& at, std::int64_t now_ns, std::span<const call_candidate> candidates) const {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < at.open_count; ++i) {
        const call_candidate& call = candidates[at.open[i]];
        if (call.end_ns > now_ns) {
            at.open[kept++] = at.open[i];
        } else if (call.end_ns >= at.latest_ns) {
            at.latest_ns = call.end_ns;
            at.latest = call_habits::call_ended(call.call);
        }
    }
    std::fill(at.open.begin() + kept, at.open.begin() + at.open_count, 0U);
    at.open_count = kept;
}

std::uint32_t request_lattice::node_of(const node& wanted, std::size_t since) {
    for (std::size_t i = since; i < nodes_.size(); ++i)
        if (nodes_[i] == wanted) return static_cast<std::uint32_t>(i);
    nodes_.push_back(wanted);
    best_.push_back(0);
    depth_.push_back(0);
    return static_cast<std::uint32_t>(nodes_.size() - 1);
}

void request_lattice::take(call_habits& habits, std::span<const call_candidate> candidates, std::size_t which,
                           std::size_t reach) {
    const call_candidate& call = candidates[which];
    const std::size_t size = nodes_.size();
    const std::size_t first = std::max(first_open_node_, size - std::min(size, reach));
    for (std::size_t from = first; from < size; ++from) {
        node then = nodes_[from];
        advance(then, call.start_ns, candidates);
        const std::int64_t gap = call.start_ns - then.latest_ns;
        const call_habits::event since = then.latest;
        const double likely = habits.probability(then.now, since, call.call);
        const double density = likely * habits.gap(since, call.call).at(gap);
        if (density < call.least) continue;
        then.now = habits.after(then.now, call.call);
        then.latest = call_habits::call_started(call.call);
        then.latest_ns = call.start_ns;
        const double weight = std::clamp(density / call.stray, least_weight, most_weight);
        const long double best = best_[from] * static_cast<long double>(weight);
        const std::size_t depth = depth_[from] + 1;
        if (depth >= best_at_.size()) best_at_.resize(depth + 1, best_at_.empty() ? 0 : best_at_.back());
        if (best < best_at_[depth] * beam) continue;
        for (std::size_t d = depth; d < best_at_.size() && best_at_[d] < best; ++d) best_at_[d] = best;
        if (then.open_count == most_open) {
            std::move(then.open.begin() + 1, then.open.end(), then.open.begin());
            --then.open_count;
        }
        then.open[then.open_count++] = static_cast<std::uint32_t>(which);
        const std::uint32_t to = node_of(then, size);
        best_[to] = std::max(best_[to], best);
        depth_[to] = depth;
        edges_.push_back(
            {static_cast<std::uint32_t>(from), to, static_cast<std::int32_t>(which), call.call, since, gap, weight, 0});
        if (nodes_.size() >= most_nodes || edges_.size() >= most_edges) return;
    }
}

void request_lattice::finish_request(call_habits& habits, std::int64_t end_ns,
                                     std::span<const call_candidate> candidates) {
    const std::size_t size = nodes_.size();
    for (std::size_t from = 0; from < size; ++from) {
        node then = nodes_[from];
        advance(then, end_ns, candidates);
        const std::int64_t gap = end_ns - then.latest_ns;
        const call_habits::event since = then.latest;
        const double density = habits.probability(then.now, since, call_habits::request_end) *
                               habits.gap(since, call_habits::request_end).at(gap);
        then.now = habits.after(then.now, call_habits::request_end);
        then.latest = call_habits::ended;
        then.latest_ns = end_ns;
        const std::uint32_t to = node_of(then, size);
        const double weight = std::clamp(density * end_scale_ns, least_weight, most_weight);
        best_[to] = std::max(best_[to], best_[from] * static_cast<long double>(weight));
        depth_[to] = depth_[from];
        edges_.push_back(
            {static_cast<std::uint32_t>(from), to, no_candidate, call_habits::request_end, since, gap, weight, 0});
    }
    first_open_node_ = size;
    best_at_.clear();
}

void request_lattice::stop(const call_habits& habits) {
    const auto end = static_cast<std::uint32_t>(nodes_.size());
    for (std::size_t from = first_open_node_; from < end; ++from)
        edges_.push_back(
            {static_cast<std::uint32_t>(from), end, no_candidate, call_habits::nothing, nodes_[from].latest, -1,
             std::max(habits.probability(nodes_[from].now, nodes_[from].latest, call_habits::nothing), least_weight),
             0});
    nodes_.emplace_back();
}

void request_lattice::build(call_habits& habits, std::int64_t start_ns, std::int64_t end_ns,
                            std::span<const call_candidate> candidates, std::size_t work) {
    nodes_.clear();
    edges_.clear();
    first_open_node_ = 0;
    best_.assign(1, 1);
    depth_.assign(1, 0);
    best_at_.clear();
    nodes_.push_back({call_habits::fresh, call_habits::started, start_ns, 0, {}});
    const std::size_t reach = std::max<std::size_t>(8, work / std::max<std::size_t>(candidates.size(), 1));
    bool ended = false;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!ended && candidates[i].start_ns > end_ns) {
            finish_request(habits, end_ns, candidates);
            ended = true;
        }
        if (nodes_.size() < most_nodes && edges_.size() < most_edges) take(habits, candidates, i, reach);
    }
    if (!ended) finish_request(habits, end_ns, candidates);
    stop(habits);
}

void request_lattice::weigh(std::span<const double> worth, std::span<double> taken) {
    forward_.assign(nodes_.size(), 0);
    backward_.assign(nodes_.size(), 0);
    forward_.front() = 1;
    backward_.back() = 1;
    const auto weight = [&](const edge& e) {
        return e.candidate == no_candidate ? e.weight : e.weight * worth[static_cast<std::size_t>(e.candidate)];
    };
    for (const edge& e : edges_) forward_[e.to] += forward_[e.from] * weight(e);
    for (auto e = edges_.rbegin(); e != edges_.rend(); ++e) backward_[e->from] += backward_[e->to] * weight(*e);
    std::fill(taken.begin(), taken.end(), 0.0);
    for (edge& e : edges_) {
        e.share = static_cast<double>(forward_[e.from] * weight(e) * backward_[e.to] / forward_.back());
        if (e.candidate != no_candidate) taken[static_cast<std::size_t>(e.candidate)] += e.share;
    }
}

void request_lattice::teach(call_habits& habits, double weight) const {
    for (const edge& e : edges_) {
        if (e.share < 1e-3) continue;
        const call_habits::situation now = nodes_[e.from].now;
        habits.saw(now, e.since, e.step, e.share * weight);
        if (e.gap_ns >= 0) habits.gap(e.since, e.step).add(e.gap_ns, e.share * weight);
    }
}

}  // namespace outrider::tracing
