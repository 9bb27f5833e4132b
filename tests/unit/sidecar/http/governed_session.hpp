#pragma once

#include <memory>
#include <string>
#include <vector>

#include "governance/policy_set.hpp"
#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {

/// Policies for all inbound exchanges of a session.
inline governance::policy a_policy(std::string name = "guard") {
    governance::policy made;
    made.name = std::move(name);
    made.match.kind = governance::traffic::inbound;
    return made;
}

inline governance::limit_rule a_limit(double per_second, double burst) {
    governance::limit_rule made;
    made.rate = {per_second, "r"};
    made.burst = burst;
    return made;
}

inline governance::concurrency_rule slots(std::uint32_t most, std::uint32_t queue = 0,
                                          governance::milliseconds longest_wait = governance::milliseconds{5'000}) {
    governance::concurrency_rule made;
    made.max = most;
    made.queue = queue;
    made.longest_wait = longest_wait;
    return made;
}

inline std::shared_ptr<const governance::policy_set> use(session& s, std::vector<governance::policy> policies) {
    governance::policy_set::options with;
    with.now = net::steady_clock::now();
    with.version = "v1";
    auto set = governance::policy_set::compile(std::move(policies), nullptr, with);
    s.path->governor.use(set);
    return set;
}

inline governance::concurrency_limiter::view slots_of(const governance::policy_set& set, std::size_t policy = 0) {
    return set.policies()[policy].concurrency[0].limiter->look();
}

inline std::uint64_t counted(session& s, std::string_view rule, governance::rule_outcome which) {
    std::uint64_t sum = 0;
    s.path->governor.counts.each([&](const exchange::decision_counts::row& row) {
        if (row.rule == rule) sum += row.outcomes[static_cast<std::size_t>(which)].value();
    });
    return sum;
}

}  // namespace outrider::http
