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
    };

    cause_beliefs(std::size_t requests, std::size_t lefts);
    /// Requests in their order; candidates by start. Forced ones are known to be of this request.
    void add_request(std::span<const call_candidate> candidates, std::span<const char> forced);
    request_lattice& lattice(std::size_t request) { return lattices_[request]; }
    std::span<const call_candidate> candidates(std::size_t request) const;

    void propagate(int most_rounds);

    /// The claims to one call.
    template <typename Visitor>
    void claims_to(std::uint32_t left, Visitor&& visit) const {
        for (const std::uint32_t c : by_left_[left]) visit(claims_[c]);
    }

  private:
    bool ask_requests(double damping);
    void ask_calls();

    std::vector<request_lattice> lattices_;
    std::vector<std::size_t> first_claim_{0};
    std::vector<call_candidate> candidates_;
    std::vector<char> forced_;
    std::vector<claim> claims_;
    std::vector<std::vector<std::uint32_t>> by_left_;
    std::vector<double> worths_, taken_;
};

}  // namespace outrider::tracing
