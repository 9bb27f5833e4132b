#include "tracing/stitch/pair_beliefs.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

constexpr int warm_up = 60, walks = 600;
constexpr double sure = 0.9995;

}  // namespace

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

// Pairs were added by left and entered.
void pair_beliefs::index_pairs() {
    first_of_left_.assign(left_sums_.size() + 1, 0);
    for (const pair& p : pairs_) ++first_of_left_[p.left + 1];
    for (std::size_t l = 1; l < first_of_left_.size(); ++l) first_of_left_[l] += first_of_left_[l - 1];
}

void pair_beliefs::pair_greedily() {
    std::vector<std::uint32_t> order(pairs_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) {
        return pairs_[a].likely > pairs_[b].likely || (pairs_[a].likely == pairs_[b].likely && a < b);
    });
    of_left_.assign(left_sums_.size(), alone);
    of_entered_.assign(entered_sums_.size(), alone);
    for (const std::uint32_t i : order) {
        const pair& p = pairs_[i];
        if (p.weight < 1 || of_left_[p.left] != alone || of_entered_[p.entered] != alone) continue;
        of_left_[p.left] = of_entered_[p.entered] = i;
    }
}

std::uint32_t pair_beliefs::pair_of(std::uint32_t left, std::uint32_t entered) const {
    const auto first = pairs_.begin() + first_of_left_[left], last = pairs_.begin() + first_of_left_[left + 1];
    const auto at =
        std::lower_bound(first, last, entered, [](const pair& p, std::uint32_t e) { return p.entered < e; });
    return at != last && at->entered == entered ? static_cast<std::uint32_t>(at - pairs_.begin()) : alone;
}

std::uint64_t pair_beliefs::random() {
    seed_ ^= seed_ << 13;
    seed_ ^= seed_ >> 7;
    return seed_ ^= seed_ << 17;
}

// One of its pairs is proposed: to be dropped if it is the present one, to be taken if it is free, else to be taken
// from whoever has it, who gets the present one in exchange. Accepted by how much likelier that is (Metropolis).
void pair_beliefs::step(std::uint32_t left) {
    const std::uint32_t first = first_of_left_[left], count = first_of_left_[left + 1] - first;
    const std::uint64_t dice = random();
    const auto wanted = first + static_cast<std::uint32_t>((dice & 0xffffffff) * count >> 32);
    const double threshold = static_cast<double>(dice >> 32) / 4294967296.0;
    const std::uint32_t now = of_left_[left], owner_pair = of_entered_[pairs_[wanted].entered];
    const double weight_now = now == alone ? 1 : pairs_[now].weight;
    if (wanted == now) {
        if (threshold * weight_now >= 1) return;
        of_left_[left] = of_entered_[pairs_[now].entered] = alone;
        return;
    }
    std::uint32_t exchanged = alone;
    double before = weight_now, after = pairs_[wanted].weight;
    if (owner_pair != alone) {
        if (now != alone) {
            exchanged = pair_of(pairs_[owner_pair].left, pairs_[now].entered);
            if (exchanged == alone) return;
            after *= pairs_[exchanged].weight;
        }
        before *= pairs_[owner_pair].weight;
    }
    if (threshold * before >= after) return;
    if (now != alone) of_entered_[pairs_[now].entered] = alone;
    if (owner_pair != alone) of_left_[pairs_[owner_pair].left] = exchanged;
    if (exchanged != alone) of_entered_[pairs_[exchanged].entered] = exchanged;
    of_left_[left] = of_entered_[pairs_[wanted].entered] = wanted;
}

void pair_beliefs::sample() {
    index_pairs();
    pair_greedily();
    std::vector<double> surest(left_sums_.size());
    for (const pair& p : pairs_) surest[p.left] = std::max(surest[p.left], p.likely);
    std::vector<std::uint32_t> unsure;
    for (std::uint32_t l = 0; l < surest.size(); ++l)
        if (first_of_left_[l] < first_of_left_[l + 1] && surest[l] < sure) unsure.push_back(l);
    std::vector<std::uint32_t> seen(pairs_.size());
    for (int walk = -warm_up; walk < walks; ++walk) {
        for (const std::uint32_t l : unsure) step(l);
        if (walk < 0) continue;
        for (const std::uint32_t l : unsure)
            if (of_left_[l] != alone) ++seen[of_left_[l]];
    }
    for (const std::uint32_t l : unsure)
        for (std::uint32_t i = first_of_left_[l]; i < first_of_left_[l + 1]; ++i)
            pairs_[i].likely = static_cast<double>(seen[i]) / walks;
}

}  // namespace outrider::tracing
