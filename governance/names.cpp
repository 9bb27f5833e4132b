#include "governance/admission.hpp"
#include "governance/facts.hpp"
#include "governance/policy_set.hpp"

namespace outrider::governance {

std::string_view name_of(traffic which) {
    switch (which) {
        case traffic::inbound:
            return "inbound";
        case traffic::outbound:
            return "outbound";
        case traffic::produce:
            return "produce";
        case traffic::consume:
            return "consume";
    }
    return "";
}

std::string_view name_of(rule_kind which) {
    switch (which) {
        case rule_kind::limit:
            return "limit";
        case rule_kind::concurrency:
            return "concurrency";
        case rule_kind::breaker:
            return "breaker";
        case rule_kind::timeout:
            return "timeout";
        case rule_kind::retry:
            return "retry";
        case rule_kind::fallback:
            return "fallback";
    }
    return "";
}

std::string_view name_of(rule_outcome which) {
    switch (which) {
        case rule_outcome::passed:
            return "passed";
        case rule_outcome::refused:
            return "refused";
        case rule_outcome::waited:
            return "waited";
        case rule_outcome::degraded:
            return "degraded";
        case rule_outcome::retried:
            return "retried";
        case rule_outcome::budget_spent:
            return "budget_spent";
        case rule_outcome::replaced:
            return "replaced";
        case rule_outcome::timed_out:
            return "timed_out";
    }
    return "";
}

}  // namespace outrider::governance
