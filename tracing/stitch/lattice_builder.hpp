#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tracing/stitch/request_lattice.hpp"

namespace outrider::tracing {

/// Finds the paths of a request through the calls it may have made, and leaves out those that are out of question.
class lattice_builder {
  public:
    /// How much is looked at.
    struct care {
        double beam = 1e-6;        ///< how much worse than the best a path may begin
        double hopeless = 1e-8;    ///< how rare a step is forgotten
        std::size_t work = 40000;  ///< how many edges may be tried
    };

    /// A request, as far as it matters here.
    struct extent {
        std::int64_t start_ns = 0, end_ns = 0;
        bool end_seen = true;  ///< otherwise the end is just where one stops looking
    };
    /// @param candidates  by start
    request_lattice build(call_habits& habits, const extent& request, std::span<const call_candidate> candidates,
                          const care& how);
    /// Of the request that was built last: how likely it is, and how likely it took each candidate, if others want
    /// every call as much.
    double log_evidence() const { return log_evidence_; }
    std::span<const double> taken() const { return taken_; }

  private:
    using edge = request_lattice::edge;
    static constexpr std::size_t most_open = 8;

    struct node {
        call_habits::situation now = 0;
        call_habits::event latest = 0, first = 0;  ///< first: the latest when this node came to be
        std::int64_t latest_ns = 0;
        std::uint32_t open_count = 0, depth = 0;
        std::array<std::uint32_t, most_open> open{};  ///< candidates that have not ended
        long double best = 0;                         ///< of the paths up to here
        bool same(const node& other) const;
        std::uint32_t hash() const;
    };
    /// What the habits say of a call after an event, kept while one candidate is looked at.
    struct known_step {
        std::uint32_t stamp = 0;
        std::uint32_t first = 0;  ///< situation, or event
        std::int64_t second = 0;  ///< event, or its time
        double value = 0;
    };

    void advance(node& at, std::int64_t now_ns, std::span<const call_candidate> candidates) const;
    void take(call_habits& habits, std::span<const call_candidate> candidates, std::size_t which, std::size_t reach);
    void finish_request(call_habits& habits, const extent& request, std::span<const call_candidate> candidates);
    void stop(const call_habits& habits);
    bool promising(std::uint32_t depth, long double best);
    std::uint32_t node_of(const node& wanted);
    double density(call_habits& habits, const node& from, call_habits::step next, std::int64_t gap_ns);
    request_lattice prune(std::span<const call_candidate> candidates);

    care care_;
    std::vector<node> nodes_;
    /// Nodes of the present candidate by hash: valid where the stamp is the present one.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> places_;
    std::array<known_step, 256> probabilities_, gaps_;
    std::uint32_t stamp_ = 0;
    double log_evidence_ = 0;
    std::vector<edge> edges_;
    std::vector<long double> best_at_;  ///< of each depth, or less deep
    std::size_t first_open_node_ = 0;   ///< nodes before are of a request that has not ended, when it has
    bool shown_before_ = false;         ///< the request, in an earlier match
    std::vector<double> worth_, taken_;
    std::vector<std::uint32_t> renamed_;
    request_lattice::sums sums_;
};

}  // namespace outrider::tracing
