#include "sidecar/exchange/ruling.hpp"

#include "sidecar/exchange/decision_counts.hpp"

namespace outrider::exchange {

void ruling::note(kind what, const governance::compiled_rule& by) {
    if (what <= decided) return;
    decided = what;
    policy = by.of->name;
    rule = rule_name(by);
}

void ruling::note_shadow(const governance::compiled_rule& by) {
    if (!shadow_policy.empty()) return;
    shadow_policy = by.of->name;
    shadow_rule = rule_name(by);
    note(kind::shadow_refused, by);
}

void ruling::note_fallback(const governance::compiled_rule& by) {
    if (decided != kind::refused) note(kind::degraded, by);
    decided = kind::degraded;
    fallback = by.of->name;
}

std::string_view name_of(ruling::kind which) {
    switch (which) {
        case ruling::kind::none:
            return "";
        case ruling::kind::shadow_refused:
            return "shadow_refused";
        case ruling::kind::waited:
            return "waited";
        case ruling::kind::refused:
            return "refused";
        case ruling::kind::degraded:
            return "degraded";
    }
    return "";
}

}  // namespace outrider::exchange
