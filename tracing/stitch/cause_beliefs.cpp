#include "tracing/stitch/cause_beliefs.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

constexpr double worth_of_known = 1e6;
constexpr double settled_change = 1e-3;

}  // namespace

cause_beliefs::cause_beliefs(std::size_t requests, std::size_t lefts) : by_left_(lefts) {
    lattices_.reserve(requests);
    first_claim_.reserve(requests + 1);
}

void cause_beliefs::add_request(std::span<const call_candidate> candidates, std::span<const char> forced) {
    const auto request = static_cast<std::uint32_t>(lattices_.size());
    lattices_.emplace_back();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        by_left_[candidates[i].left].push_back(static_cast<std::uint32_t>(claims_.size()));
        claims_.push_back({request, candidates[i].left, forced[i] ? worth_of_known : 1, 0, 0});
        candidates_.push_back(candidates[i]);
        forced_.push_back(forced[i]);
    }
    first_claim_.push_back(claims_.size());
}

std::span<const call_candidate> cause_beliefs::candidates(std::size_t request) const {
    return std::span(candidates_).subspan(first_claim_[request], first_claim_[request + 1] - first_claim_[request]);
}

bool cause_beliefs::ask_requests(double damping) {
    double change = 0;
    for (std::size_t r = 0; r < lattices_.size(); ++r) {
        const std::size_t first = first_claim_[r], size = first_claim_[r + 1] - first;
        worths_.resize(size);
        taken_.resize(size);
        for (std::size_t i = 0; i < size; ++i) worths_[i] = claims_[first + i].worth;
        lattices_[r].weigh(worths_, taken_);
        for (std::size_t i = 0; i < size; ++i) {
            claim& c = claims_[first + i];
            change = std::max(change, std::abs(c.taken - taken_[i]));
            c.taken = taken_[i];
            const double odds = taken_[i] / std::max(1 - taken_[i], 1e-12) / c.worth;
            c.odds = c.odds > 0 ? std::exp(damping * std::log(c.odds) + (1 - damping) * std::log(std::max(odds, 1e-30)))
                                : odds;
        }
    }
    return change > settled_change;
}

void cause_beliefs::ask_calls() {
    for (const auto& claims : by_left_) {
        double all = 0;
        for (const std::uint32_t c : claims) all += claims_[c].odds;
        for (const std::uint32_t c : claims)
            if (!forced_[c]) claims_[c].worth = 1 / (1 + std::max(0.0, all - claims_[c].odds));
    }
}

void cause_beliefs::propagate(int most_rounds) {
    for (int round = 0; round < most_rounds; ++round) {
        const bool changed = ask_requests(round ? 0.3 : 0);
        ask_calls();
        if (!changed) break;
    }
}

}  // namespace outrider::tracing
