#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "governance/policy_set.hpp"

namespace outrider::exchange {

/// What policies decided of one exchange, as spans and the access log tell it. Reused from one exchange to the next.
struct ruling {
    /// Of several decisions the weightiest is told.
    enum class kind : std::uint8_t {
        none,
        shadow_refused,  ///< a rule in shadow mode would have refused or delayed it
        waited,
        refused,
        degraded,  ///< a fallback answered
    };
    kind decided = kind::none;
    std::string policy, rule;                ///< whose decision it is
    std::string shadow_policy, shadow_rule;  ///< the first rule in shadow mode that would have decided otherwise
    std::string fallback;                    ///< the policy whose fallback answered
    std::string_view version;                ///< of the policies; lives as long as the exchange
    std::chrono::nanoseconds waited{0};

    void note(kind what, const governance::compiled_rule& by);
    void note_shadow(const governance::compiled_rule& by);
    /// A fallback answered. Who refused keeps the name; of a failure it is the fallback's own decision.
    void note_fallback(const governance::compiled_rule& by);
    bool any() const { return decided != kind::none; }
    void clear() {
        if (!any()) return;  // then nothing else has been said
        decided = kind::none;
        waited = {};
        for (auto* each : {&policy, &rule, &shadow_policy, &shadow_rule, &fallback}) each->clear();
        version = {};
    }
};

std::string_view name_of(ruling::kind which);

}  // namespace outrider::exchange
