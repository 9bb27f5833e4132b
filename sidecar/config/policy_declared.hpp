#pragma once

#include <vector>

#include "governance/policy.hpp"
#include "sidecar/config/schema.hpp"

namespace outrider::config {

/// What a file of policies holds.
struct policy_file {
    std::vector<governance::policy> policies;
};

/// The root of a file of policies: a section over policy_file.
const setting& declared_policies();

/// The keys of one policy.
std::vector<setting> policy_keys();

}  // namespace outrider::config
