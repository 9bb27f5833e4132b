#pragma once

#include <array>
#include <string>

#include "governance/admission.hpp"
#include "sidecar/exchange/governor.hpp"

namespace outrider::kafka {

/// What a worker's policies have to do with one cluster. That is worked out when policies are loaded and not for each
/// frame: where none concerns the cluster, a request costs two comparisons.
class cluster_policies {
  public:
    /// Which rules there are for one kind of traffic.
    struct rules {
        bool limits = false;
        bool refusals = false;  ///< limits with `over: reject`: they need requests that are held whole
        bool breakers = false;
        bool topics = false;  ///< some breaker is for certain topics only
        bool any() const { return limits || breakers; }
    };

    /// @param by  outlives it
    cluster_policies(const exchange::governor& by, std::string cluster) : by_(by), cluster_(std::move(cluster)) {}

    const rules& of(governance::traffic kind) {
        if (seen_ != by_.policies()) look();
        return rules_[static_cast<std::size_t>(kind)];
    }
    /// The policies that of() spoke of last. What is kept of them must not outlive the handle.
    const exchange::governor::handle& in_use() const { return seen_; }

    /// The policies of a set that match; valid until the next call.
    const governance::matched& match(const governance::policy_set& set, const governance::facts& of) {
        set.match(of, matched_);
        return matched_;
    }

    /// Lets go of policies that are not in use any more.
    void refresh() {
        if (seen_ && seen_ != by_.policies()) look();
    }

  private:
    void look();

    const exchange::governor& by_;
    const std::string cluster_;
    exchange::governor::handle seen_;
    std::array<rules, governance::traffics> rules_{};
    governance::matched matched_;
};

}  // namespace outrider::kafka
