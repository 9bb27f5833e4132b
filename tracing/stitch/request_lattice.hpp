#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tracing/stitch/call_habits.hpp"

namespace outrider::tracing {

/// A call that a request may have made.
struct call_candidate {
    std::uint32_t left = 0;  ///< index of the span
    call_habits::step call = 0;
    std::int64_t start_ns = 0, end_ns = 0;
    double stray = 0;  ///< how many calls of this kind without a cause there are, for each nanosecond
    double least = 0;  ///< a density below that is not looked at
};

/// All that one request may have called: a graph whose paths are the possible sets of calls, in the order of their
/// starts. An edge takes a call; its weight is how likely the request's habits make it there and then, against the call
/// having no cause. A path's weight is the product of those of its edges.
class request_lattice {
  public:
    /// @param candidates  by start
    /// @param work        how many edges may be tried
    void build(call_habits& habits, std::int64_t start_ns, std::int64_t end_ns,
               std::span<const call_candidate> candidates, std::size_t work);

    /// Which share of all paths, by weight, takes each candidate, where taking it is worth so much more.
    void weigh(std::span<const double> worth, std::span<double> taken);

    /// Shows the habits what weigh() found.
    void teach(call_habits& habits, double weight) const;

    std::size_t edges() const { return edges_.size(); }

  private:
    static constexpr std::int32_t no_candidate = -1;
    static constexpr std::size_t most_open = 8;

    struct node {
        call_habits::situation now = 0;
        call_habits::event latest = 0;
        std::int64_t latest_ns = 0;
        std::uint32_t open_count = 0;
        std::array<std::uint32_t, most_open> open{};  ///< candidates that have not ended
        bool operator==(const node&) const = default;
    };
    struct edge {
        std::uint32_t from = 0, to = 0;
        std::int32_t candidate = no_candidate;
        call_habits::step step = 0;
        call_habits::event since = 0;
        std::int64_t gap_ns = 0;  ///< -1: of no meaning
        double weight = 0, share = 0;
    };

    void advance(node& at, std::int64_t now_ns, std::span<const call_candidate> candidates) const;
    void take(call_habits& habits, std::span<const call_candidate> candidates, std::size_t which, std::size_t reach);
    void finish_request(call_habits& habits, std::int64_t end_ns, std::span<const call_candidate> candidates);
    void stop(const call_habits& habits);
    std::uint32_t node_of(const node& wanted, std::size_t since);

    std::vector<node> nodes_;
    std::vector<edge> edges_;
    std::vector<long double> forward_, backward_;
    std::vector<long double> best_;     ///< of each node: its best path
    std::vector<std::size_t> depth_;    ///< of each node: how many calls were taken
    std::vector<long double> best_at_;  ///< of each depth
    std::size_t first_open_node_ = 0;   ///< nodes before are of a request that has not ended, when it has
};

}  // namespace outrider::tracing
