#pragma once

#include <string>

#include "governance/facts.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// Why a policy does not match an exchange, for people: "path is /stock, not /orders/{id}". Empty when it does. Says
/// the same as policy_set::match, at leisure.
std::string mismatch(const match& by, const facts& of);

/// How a match reads in a file: `inbound: "POST /orders/{id}", header: {x-tenant: a}`.
std::string text_of(const match& by);

}  // namespace outrider::governance
