#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tracing/stitch/request_lattice.hpp"

namespace outrider::tracing {

/// Who caused what, all requests of one process weighed against each other: each call has one cause or none. Belief
/// propagation between the requests (which of their paths are likely, given how much the others want a call) and the
/// calls (whom they can still be had by).
class cause_beliefs {
  public:
    struct claim {
        std::uint32_t request = 0, left = 0;
        double worth = 1;  ///< to this request, for what the others leave of the call
        double odds = 0;   ///< how much this request wants it
        double taken = 0;  ///< how likely it is the cause
        bool known = false;
    };

    cause_beliefs(std::size_t requests, std::size_t lefts);
    /// Requests in their order; candidates by start.
    void add_request(request_lattice lattice, std::span<const call_candidate> candidates);
    const request_lattice& lattice(std::size_t request) const { return lattices_[request]; }

    /// When all have been added.
    void propagate(int most_rounds);

    /// The claims to one call.
    template <typename Visitor>
    void claims_to(std::uint32_t left, Visitor&& visit) const {
        for (std::uint32_t i = first_by_left_[left]; i < first_by_left_[left + 1]; ++i) visit(claims_[by_left_[i]]);
    }

  private:
    void ask_requests(double damping);
    bool ask_calls();
    void index_claims();

    std::vector<request_lattice> lattices_;
    std::vector<std::size_t> first_claim_{0};
    std::vector<char> stirred_;  ///< requests for which a call's worth has changed
    std::vector<claim> claims_;
    std::vector<std::uint32_t> by_left_, first_by_left_;  ///< claims, by call
    std::vector<double> worths_, taken_;
    request_lattice::sums sums_;
};

}  // namespace outrider::tracing
