#include "sidecar/app/metrics_page.hpp"

namespace outrider::app {

void add_decisions(page& out, const exchange::decision_counts& counted) {
    counted.each([&](const exchange::decision_counts::row& row) {
        for (std::size_t i = 0; i < row.outcomes.size(); ++i) {
            auto which = static_cast<governance::rule_outcome>(i);
            auto count = row.outcomes[i].value();
            // A rule is seen from the start by what it let pass; the rest when there is some.
            if (count == 0 && which != governance::rule_outcome::passed) continue;
            out.add("outrider_policy_decisions_total", "What rules of policies decided.", admin::metric_type::counter,
                    {{"policy", row.policy},
                     {"rule", row.rule},
                     {"mode", row.shadow ? "shadow" : "enforce"},
                     {"outcome", std::string{name_of(which)}}},
                    count);
        }
    });
}

}  // namespace outrider::app
