#include "governance/probe_leases.hpp"

#include <algorithm>

namespace outrider::governance {

probe_leases::probe_leases(const breaker_rule& rule)
    : apart_(rule.open),
      length_(rule.probe_lease),
      slow_over_(rule.slow_over),
      slow_share_(rule.slow),
      probes_(std::clamp(rule.probes, 1u, 1'000u)) {}

void probe_leases::clear() {
    std::fill(probes_.begin(), probes_.end(), probe{});
    under_way_ = succeeded_ = slow_ = 0;
}

std::uint32_t probe_leases::take(time_point now) {
    if (under_way_ + succeeded_ >= all()) return 0;
    if (succeeded_ == 0 && under_way_ > 0 && now - last_ < apart_) return 0;
    if (++given_ == 0) ++given_;
    *std::find_if(probes_.begin(), probes_.end(), [](const probe& each) { return each.lease == 0; }) = {given_,
                                                                                                        now + length_};
    ++under_way_;
    last_ = now;
    return given_;
}

std::optional<time_point> probe_leases::first_ended(time_point now) const {
    std::optional<time_point> first;
    for (const auto& each : probes_)
        if (each.lease != 0 && each.ends <= now) first = std::min(each.ends, first.value_or(each.ends));
    return first;
}

probe_leases::finding probe_leases::give_back(std::uint32_t lease, outcome how, nanoseconds took) {
    const auto held =
        std::find_if(probes_.begin(), probes_.end(), [&](const probe& each) { return each.lease == lease; });
    if (lease == 0 || held == probes_.end()) return finding::nothing;
    *held = {};
    --under_way_;
    if (how == outcome::ignored) return finding::nothing;
    if (how == outcome::failure) return finding::failed;
    ++succeeded_;
    if (slow_share_ && took > slow_over_) ++slow_;
    if (slow_ > 0 && slow_ >= *slow_share_ * all() - 1e-9) return finding::too_slow;
    return succeeded_ == all() ? finding::all_succeeded : finding::nothing;
}

}  // namespace outrider::governance
