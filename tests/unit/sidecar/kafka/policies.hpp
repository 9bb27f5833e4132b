#pragma once

#include <string>
#include <utility>
#include <vector>

#include "governance/policy_set.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {

/// A limit of bytes for what is produced to (or fetched from) a topic; the burst is one byte.
inline governance::policy bytes_limit(governance::traffic kind, std::string topic, double per_second) {
    governance::policy out;
    out.name = "smooth";
    out.match.kind = kind;
    out.match.topic = std::move(topic);
    governance::limit_rule rule;
    rule.rate = {per_second, "some"};
    rule.of = governance::measure::bytes;
    rule.burst = 1;
    out.limits.push_back(rule);
    return out;
}

/// From now on the session's worker goes by these.
inline void enforce(kafka_session& s, std::vector<governance::policy> policies) {
    governance::policy_set::options with;
    with.now = net::steady_clock::now();
    const auto former = s.governor.policies();
    s.governor.use(governance::policy_set::compile(std::move(policies), former->set.get(), with));
}

/// How often a rule of that policy has decided so.
inline std::uint64_t decided(kafka_session& s, const std::string& policy, governance::rule_outcome how) {
    std::uint64_t sum = 0;
    s.governor.counts.each([&](const exchange::decision_counts::row& row) {
        if (row.policy == policy) sum += row.outcomes[static_cast<std::size_t>(how)].value();
    });
    return sum;
}

}  // namespace outrider::kafka::testing
