#pragma once

#include <memory>
#include <vector>

#include "governance/admission.hpp"
#include "governance/policy_set.hpp"
#include "sidecar/exchange/decision_counts.hpp"

namespace outrider::exchange {

/// The policies that one worker goes by, and where it counts their decisions. An exchange keeps the handle that it
/// began with, whatever is loaded meanwhile.
struct policies_in_use {
    std::shared_ptr<const governance::policy_set> set;
    std::vector<decision_counts::row*> rows;  ///< by rule number

    governance::decision_counter counter() const {
        return {[](void* owner, governance::rule_number rule, governance::rule_outcome outcome) {
                    auto& self = *static_cast<policies_in_use*>(owner);
                    self.rows[rule]->outcomes[static_cast<std::size_t>(outcome)].add();
                },
                const_cast<policies_in_use*>(this)};
    }
};

/// One worker's governance. A new set comes as a message to the worker; the handle's reference count is the worker's
/// own, so that counting it disturbs no other.
class governor {
  public:
    using handle = std::shared_ptr<const policies_in_use>;

    governor() { use(governance::policy_set::compile({}, nullptr, {})); }
    /// From now on. On the worker's thread, or before it runs.
    void use(std::shared_ptr<const governance::policy_set> set) {
        auto made = std::make_shared<policies_in_use>();
        made->rows = counts.rows_of(*set);
        made->set = std::move(set);
        in_use_ = std::move(made);
    }
    const handle& policies() const { return in_use_; }

    decision_counts counts;

  private:
    handle in_use_;
};

}  // namespace outrider::exchange
