#pragma once

#include <cstdint>
#include <string>

#include "governance/admission.hpp"
#include "sidecar/exchange/failure.hpp"
#include "sidecar/http/problem.hpp"

namespace outrider::http {

/// Why an exchange that `rule` refuses fails.
exchange::failure_code failure_of(const governance::compiled_rule& rule);

/// In words for people, from the rule as it was written: what is allowed, and what was found.
std::string detail_of(const governance::decision& why);

/// When it is worth asking again. Clients that were refused together must not come back together, so each is told the
/// true wait and up to a fifth of it, or up to a second, more.
/// @param random  evenly distributed
governance::nanoseconds spread(governance::nanoseconds wait, std::uint32_t random);

/// What a refusal says beyond the failure's own answer: the rule, what it allows and when to come back, as members of
/// the problem (RFC 9457 3.2), as Retry-After (RFC 9110 10.2.3) and, of a limit, as RateLimit and RateLimit-Policy
/// (draft-ietf-httpapi-ratelimit-headers-10).
/// @param version  of the policies
void explain(local_answer& answer, const governance::decision& why, std::string_view version, std::uint32_t random);

/// The same of an exchange that is not tried, because the application has been known to be sick for so long.
void explain_sick(local_answer& answer, governance::nanoseconds for_so_long, std::uint32_t random);

}  // namespace outrider::http
