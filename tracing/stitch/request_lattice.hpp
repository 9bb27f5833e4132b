#pragma once

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
    double stray = 0;      ///< how many calls of this kind without a cause there are, for each nanosecond
    double rate = 0;       ///< how many there are at all
    bool known = false;    ///< to be of this request
    bool settled = false;  ///< was learnt from before
};

/// All that one request may have called: a graph whose paths are the possible sets of calls, in the order of their
/// starts. An edge takes a call; its weight is how likely the request's habits make it there and then, against the call
/// having no cause. A path's weight is the product of those of its edges.
class request_lattice {
  public:
    struct edge {
        std::uint32_t from = 0, to = 0;
        std::int32_t candidate = -1;  ///< -1: takes no call
        call_habits::step step = 0;
        double weight = 0, share = 0;
        call_habits::situation now = 0;
        call_habits::event since = 0;
        std::int64_t gap_ns = -1;     ///< -1: of no meaning
        bool settled = false;         ///< was learnt from before
        std::uint8_t still_open = 0;  ///< calls, when the request ended
    };
    /// What weigh() works with, kept from one to the next.
    struct sums {
        std::vector<double> forward, backward;
        std::vector<long double> wide_forward, wide_backward;
    };

    request_lattice() = default;
    request_lattice(std::span<const edge> edges, std::uint32_t nodes)
        : edges_(edges.begin(), edges.end()), nodes_(nodes) {}

    /// Which share of all paths, by weight, takes each candidate, where taking it is worth so much more.
    void weigh(std::span<const double> worth, std::span<double> taken, sums& work) {
        weigh(edges_, nodes_, worth, taken, work);
    }
    /// @return the logarithm of the sum of all paths' weights; 0 where it can't be told
    static double weigh(std::span<edge> edges, std::uint32_t nodes, std::span<const double> worth,
                        std::span<double> taken, sums& work);
    /// Shows the habits what weigh() found.
    /// @param weight  of this request, beside others
    void teach(call_habits& habits, double weight) const;

    std::span<const edge> edges() const { return edges_; }

  private:
    std::vector<edge> edges_;  ///< by the order in which they can be taken
    std::uint32_t nodes_ = 0;  ///< the first is where paths start, the last where they end
};

}  // namespace outrider::tracing
