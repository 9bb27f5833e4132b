#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "governance/fleet_limiter.hpp"

namespace outrider::fleet {

/// A key's name in Redis: half of its SHA-256. The same in every sidecar, says nothing of who it is, and nobody can
/// make another key that shares its bucket.
governance::fleet_limiter::key_name name_of_key(std::string_view key);

/// "outrider:limit:POLICY:RULE:", what the names of a limit's keys begin with. RULE is a hash of what is counted (rate,
/// burst, measure, key, overrides, place in the policy): sidecars that have another version of the rule count apart.
std::string prefix_of(std::string_view policy, std::size_t index, const governance::limit_rule& rule);

}  // namespace outrider::fleet
