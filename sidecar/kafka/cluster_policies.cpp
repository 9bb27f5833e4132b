#include "sidecar/kafka/cluster_policies.hpp"

#include <algorithm>

#include "governance/glob.hpp"
#include "governance/match_specificity.hpp"

namespace outrider::kafka {
namespace {

bool concerns(const governance::match& match, std::string_view cluster) {
    return match.cluster.empty() || governance::fits(match.cluster, cluster);
}

cluster_policies::rules rules_of(const governance::compiled_policy& policy) {
    cluster_policies::rules out;
    out.limits = !policy.limits.empty();
    out.breakers = !policy.breakers.empty();
    out.topics = out.breakers && !policy.source->match.topic.empty();
    out.refusals = std::any_of(policy.limits.begin(), policy.limits.end(), [](const governance::compiled_limit& each) {
        return each.rule->over == governance::over_limit::reject;
    });
    return out;
}

}  // namespace

void cluster_policies::look() {
    seen_ = by_.policies();
    rules_ = {};
    for (const auto& policy : seen_->set->policies()) {
        if (!concerns(policy.source->match, cluster_)) continue;
        const auto kinds = governance::traffic_of(policy.source->match);
        const auto found = rules_of(policy);
        for (auto kind : {governance::traffic::produce, governance::traffic::consume}) {
            if ((kinds & governance::only(kind)) == 0) continue;
            auto& into = rules_[static_cast<std::size_t>(kind)];
            into.limits |= found.limits;
            into.refusals |= found.refusals;
            into.breakers |= found.breakers;
            into.topics |= found.topics;
        }
    }
}

}  // namespace outrider::kafka
