#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "governance/policy_set.hpp"
#include "sidecar/admin/admin_routes.hpp"

namespace outrider::app {

/// Every policy with its rules and their live state: levels of buckets, slots, breakers with why and since when.
nlohmann::json policies_json(const governance::policy_set& set, governance::time_point now);

/// Forces a breaker, or all of a policy's. @return what is wrong, for people; empty: done
std::string force_breaker(const governance::policy_set& set, const admin::breaker_order& order,
                          governance::time_point now);

}  // namespace outrider::app
