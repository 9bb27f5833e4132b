#include "tracing/stitch/cause_beliefs.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

constexpr double worth_of_known = 1e6;
constexpr double settled_change = 1e-3;

}  // namespace

cause_beliefs::cause_beliefs(std::size_t requests, std::size_t lefts) : first_by_left_(lefts + 1) {
    lattices_.reserve(requests);
    first_claim_.reserve(requests + 1);
}

void cause_beliefs::add_request(request_lattice lattice, std::span<const call_candidate> candidates) {
    const auto request = static_cast<std::uint32_t>(lattices_.size());
    lattices_.push_back(std::move(lattice));
    for (const call_candidate& each : candidates)
        claims_.push_back({request, each.left, each.known ? worth_of_known : 1, 0, 0, each.known});
    first_claim_.push_back(claims_.size());
}

void cause_beliefs::index_claims() {
    std::fill(first_by_left_.begin(), first_by_left_.end(), 0U);
    for (const claim& c : claims_) ++first_by_left_[c.left + 1];
    for (std::size_t l = 1; l < first_by_left_.size(); ++l) first_by_left_[l] += first_by_left_[l - 1];
    by_left_.resize(claims_.size());
    auto next = first_by_left_;
    for (std::uint32_t c = 0; c < claims_.size(); ++c) by_left_[next[claims_[c].left]++] = c;
}

void cause_beliefs::ask_requests(double damping) {
    for (std::size_t r = 0; r < lattices_.size(); ++r) {
        if (!stirred_[r]) continue;
        const std::size_t first = first_claim_[r], size = first_claim_[r + 1] - first;
        worths_.resize(size);
        taken_.resize(size);
        for (std::size_t i = 0; i < size; ++i) worths_[i] = claims_[first + i].worth;
        lattices_[r].weigh(worths_, taken_, sums_);
        for (std::size_t i = 0; i < size; ++i) {
            claim& c = claims_[first + i];
            c.taken = std::min(taken_[i], 1.0);
            const double odds = c.taken / std::max(1 - c.taken, 1e-12) / c.worth;
            c.odds = c.odds > 0 && damping > 0
                         ? std::exp(damping * std::log(c.odds) + (1 - damping) * std::log(std::max(odds, 1e-30)))
                         : odds;
        }
    }
}

bool cause_beliefs::ask_calls() {
    bool changed = false;
    std::fill(stirred_.begin(), stirred_.end(), char{0});
    for (std::size_t l = 0; l + 1 < first_by_left_.size(); ++l) {
        double all = 0;
        for (std::uint32_t i = first_by_left_[l]; i < first_by_left_[l + 1]; ++i) all += claims_[by_left_[i]].odds;
        for (std::uint32_t i = first_by_left_[l]; i < first_by_left_[l + 1]; ++i) {
            claim& c = claims_[by_left_[i]];
            if (c.known) continue;
            const double worth = 1 / (1 + std::max(0.0, all - c.odds));
            if (std::abs(worth - c.worth) > settled_change * c.worth) stirred_[c.request] = changed = true;
            c.worth = worth;
        }
    }
    return changed;
}

void cause_beliefs::propagate(int most_rounds) {
    index_claims();
    stirred_.assign(lattices_.size(), 1);
    for (int round = 0; round < most_rounds; ++round) {
        ask_requests(round > 1 ? 0.3 : 0);
        if (!ask_calls()) break;
    }
}

}  // namespace outrider::tracing
