#pragma once

#include <cstdint>

#include "governance/policy.hpp"

namespace outrider::governance {

/// How narrow a match is: of two policies that match one exchange, the settings of the one with the greater number
/// count. The path weighs most (literal segments, then parameters), then method, topic, headers, host, group, client,
/// upstream; an exact name more than a glob.
std::uint32_t specificity(const match& by);

}  // namespace outrider::governance
