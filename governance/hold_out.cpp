// Endpoints that probes found down are left out of balancing, as many as may be.

#include <algorithm>
#include <cmath>

#include "governance/balancer.hpp"

namespace outrider::governance {

std::size_t balancer::most_out(double share) const {
    const auto all = static_cast<double>(endpoints_.size());
    if (endpoints_.size() == 1) return 0;
    // At least one, or a small share of a few endpoints would mean none; never all.
    return static_cast<std::size_t>(std::clamp(std::floor(share * all + 1e-9), 1.0, all - 1));
}

void balancer::hold_out(std::size_t endpoint, bool down, std::string why, time_point now) {
    const std::lock_guard held(ejecting_);
    endpoints_[endpoint]->held().mark(down, std::move(why), now);
    settle(now);
}

/// Who has been down longest is left out first. Where no more may be, the last found down stays in, and goes out as
/// soon as another returns: to let the first in again instead would send traffic to what is surely down.
void balancer::settle(time_point now) {
    std::vector<std::pair<time_point, endpoint_load*>> down;
    std::size_t out = 0;
    for (const auto& each : endpoints_) {
        const auto seen = each->held().look();
        if (seen.down) {
            down.emplace_back(seen.since, each.get());
        } else {
            each->held().leave_out(false, now);
            out += each->ejected(now);
        }
    }
    std::stable_sort(down.begin(), down.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto most = most_out(most_.load(std::memory_order_relaxed));
    for (const auto& [since, which] : down) {
        const bool leave = out < most || which->ejected(now);
        which->held().leave_out(leave, now);
        out += leave;
        if (leave) which->forget_latency();  // once back it is found out anew
    }
}

}  // namespace outrider::governance
