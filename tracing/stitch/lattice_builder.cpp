#include "tracing/stitch/lattice_builder.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

constexpr double end_scale_ns = 1e6;  ///< the end of a request happens once: any scale will do
constexpr double least_weight = 1e-15, most_weight = 1e12;
constexpr double look_at_least = 3e-5;  ///< of how often such calls happen anyway
constexpr double worth_of_known = 1e6;
constexpr std::size_t most_nodes = 1500, most_edges = 20000;

/// Of a call that others want as well.
double contested_worth(const call_candidate& call) { return call.known ? worth_of_known : call.stray / call.rate; }

}  // namespace

// The latest event of the request at that time, and which calls are still open then.
void lattice_builder::advance(node& at, std::int64_t now_ns, std::span<const call_candidate> candidates) const {
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

bool lattice_builder::node::same(const node& other) const {
    return now == other.now && open_count == other.open_count &&
           std::equal(open.begin(), open.begin() + open_count, other.open.begin());
}

std::uint32_t lattice_builder::node::hash() const {
    std::uint64_t mixed = now + 1;
    for (std::uint32_t i = 0; i < open_count; ++i) mixed = (mixed ^ open[i]) * 0x9e3779b97f4a7c15ULL + (mixed >> 29);
    return static_cast<std::uint32_t>(mixed * 0x9e3779b97f4a7c15ULL >> 32);
}

// Whose paths end the same way go on the same way. The best of them is remembered.
std::uint32_t lattice_builder::node_of(const node& wanted) {
    constexpr std::size_t places = 4096;  // more than there are nodes
    static_assert(places > 2 * most_nodes);
    places_.resize(places);
    for (std::size_t at = wanted.hash() % places;; at = (at + 1) % places) {
        auto& [stamp, index] = places_[at];
        if (stamp != stamp_) {
            stamp = stamp_;
            index = static_cast<std::uint32_t>(nodes_.size());
            nodes_.push_back(wanted);
            return index;
        }
        if (!nodes_[index].same(wanted)) continue;
        nodes_[index].best = std::max(nodes_[index].best, wanted.best);
        return index;
    }
}

// How likely the habits make a step there and then; the same questions come from many paths.
double lattice_builder::density(call_habits& habits, const node& from, call_habits::step next, std::int64_t gap_ns) {
    auto& likely = probabilities_[(from.now * 31 + from.latest) % probabilities_.size()];
    if (likely.stamp != stamp_ || likely.first != from.now || likely.second != from.latest)
        likely = {stamp_, from.now, from.latest, habits.probability(from.now, from.latest, next)};
    auto& gap = gaps_[(static_cast<std::uint64_t>(from.latest_ns) / 64 + from.latest) % gaps_.size()];
    if (gap.stamp != stamp_ || gap.first != from.latest || gap.second != from.latest_ns)
        gap = {stamp_, from.latest, from.latest_ns, habits.gap(from.latest, next).at(gap_ns)};
    return likely.value * gap.value;
}

// Whether a path is worth following, beside those that took as many calls or fewer.
bool lattice_builder::promising(std::uint32_t depth, long double best) {
    if (depth >= best_at_.size()) best_at_.resize(depth + 1, best_at_.empty() ? 0 : best_at_.back());
    if (best < best_at_[depth] * static_cast<long double>(care_.beam)) return false;
    for (std::size_t d = depth; d < best_at_.size() && best_at_[d] < best; ++d) best_at_[d] = best;
    return true;
}

void lattice_builder::take(call_habits& habits, std::span<const call_candidate> candidates, std::size_t which,
                           std::size_t reach) {
    const call_candidate& call = candidates[which];
    const double least = call.known ? 0 : call.rate * look_at_least, contested = contested_worth(call);
    const std::size_t size = nodes_.size();
    ++stamp_;
    const std::size_t first = std::max(first_open_node_, size - std::min(size, reach));
    for (std::size_t from = first; from < size; ++from) {
        // Candidates come by start: what has ended by now has ended for all that follow.
        node& before = nodes_[from];
        advance(before, call.start_ns, candidates);
        const auto gap_ns = call.start_ns - before.latest_ns;
        const double likely = density(habits, before, call.call, gap_ns);
        if (likely < least) continue;
        const double weight =
            std::clamp(likely / call.stray, least_weight, call.known ? most_weight / worth_of_known : most_weight);
        const auto best = before.best * static_cast<long double>(weight * contested);
        if (!promising(before.depth + 1, best)) continue;
        const edge taken{.from = static_cast<std::uint32_t>(from),
                         .candidate = static_cast<std::int32_t>(which),
                         .step = call.call,
                         .weight = weight,
                         .now = before.now,
                         .since = before.latest,
                         .gap_ns = gap_ns,
                         .settled = call.settled};
        node then = before;
        then.best = best;
        ++then.depth;
        then.now = habits.after(then.now, call.call);
        then.latest = then.first = call_habits::call_started(call.call);
        then.latest_ns = call.start_ns;
        if (then.open_count == most_open) {
            std::move(then.open.begin() + 1, then.open.end(), then.open.begin());
            --then.open_count;
        }
        then.open[then.open_count++] = static_cast<std::uint32_t>(which);
        edges_.push_back(taken);
        edges_.back().to = node_of(then);
        if (nodes_.size() >= most_nodes || edges_.size() >= most_edges) return;
    }
}

void lattice_builder::finish_request(call_habits& habits, const extent& request,
                                     std::span<const call_candidate> candidates) {
    const auto end_ns = request.end_ns;
    const std::size_t size = nodes_.size();
    ++stamp_;
    for (std::size_t from = 0; from < size; ++from) {
        node then = nodes_[from];
        advance(then, end_ns, candidates);
        edge taken{.from = static_cast<std::uint32_t>(from),
                   .step = call_habits::request_end,
                   .now = then.now,
                   .since = then.latest,
                   .gap_ns = end_ns - then.latest_ns,
                   .settled = shown_before_};
        const double likely = request.end_seen
                                  ? density(habits, then, call_habits::request_end, taken.gap_ns) * end_scale_ns
                                  : habits.probability(then.now, then.latest, call_habits::request_end);
        if (!request.end_seen) taken.gap_ns = -1;
        const double outlived = request.end_seen ? std::pow(habits.outlives(), then.open_count) : 1;
        taken.still_open = request.end_seen ? static_cast<std::uint8_t>(then.open_count) : 0;
        taken.weight = std::clamp(likely * outlived, least_weight, most_weight);
        then.best *= static_cast<long double>(taken.weight);
        then.now = habits.after(then.now, call_habits::request_end);
        then.latest = then.first = call_habits::ended;
        then.latest_ns = end_ns;
        taken.to = node_of(then);
        edges_.push_back(taken);
    }
    first_open_node_ = size;
    best_at_.clear();
}

void lattice_builder::stop(const call_habits& habits) {
    const auto end = static_cast<std::uint32_t>(nodes_.size());
    for (std::size_t from = first_open_node_; from < end; ++from) {
        const node& at = nodes_[from];
        edges_.push_back({.from = static_cast<std::uint32_t>(from),
                          .to = end,
                          .step = call_habits::nothing,
                          .weight = std::max(habits.probability(at.now, at.first, call_habits::nothing), least_weight),
                          .now = at.now,
                          .since = at.first,
                          .settled = shown_before_});
    }
    nodes_.emplace_back();
}

request_lattice lattice_builder::build(call_habits& habits, const extent& request,
                                       std::span<const call_candidate> candidates, const care& how) {
    care_ = how;
    nodes_.clear();
    edges_.clear();
    best_at_.clear();
    first_open_node_ = 0;
    shown_before_ = std::any_of(candidates.begin(), candidates.end(), [](const auto& c) { return c.settled; });
    node begin{.now = call_habits::fresh,
               .latest = call_habits::started,
               .first = call_habits::started,
               .latest_ns = request.start_ns};
    begin.best = 1;
    nodes_.push_back(begin);
    const std::size_t reach = std::max<std::size_t>(8, how.work / std::max<std::size_t>(candidates.size(), 1));
    bool ended = false;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!ended && candidates[i].start_ns > request.end_ns) {
            finish_request(habits, request, candidates);
            ended = true;
        }
        if (nodes_.size() < most_nodes && edges_.size() < most_edges) take(habits, candidates, i, reach);
    }
    if (!ended) finish_request(habits, request, candidates);
    stop(habits);
    return prune(candidates);
}

// Forgets what is out of question, even if others want every call as much.
request_lattice lattice_builder::prune(std::span<const call_candidate> candidates) {
    worth_.resize(candidates.size());
    taken_.resize(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) worth_[i] = contested_worth(candidates[i]);
    log_evidence_ = request_lattice::weigh(edges_, static_cast<std::uint32_t>(nodes_.size()), worth_, taken_, sums_);
    constexpr std::uint32_t unused = 0xffffffff;
    renamed_.assign(nodes_.size(), unused);
    renamed_[0] = 0;
    std::uint32_t nodes = 1;
    std::size_t kept = 0;
    for (const edge& e : edges_) {
        if (e.share < care_.hopeless || renamed_[e.from] == unused) continue;
        if (renamed_[e.to] == unused) renamed_[e.to] = nodes++;
        edge& renamed = edges_[kept++];
        const std::uint32_t from = renamed_[e.from], to = renamed_[e.to];
        renamed = e;
        renamed.from = from;
        renamed.to = to;
    }
    return {std::span(edges_).first(kept), nodes};
}

}  // namespace outrider::tracing
