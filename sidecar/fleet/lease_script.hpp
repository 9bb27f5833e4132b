#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governance/fleet_limiter.hpp"

namespace outrider::fleet {

/// The script that answers one batch of requests in one atomic step (EVAL, Redis 5 or later). For each key one word,
/// the time in microseconds of Redis' own clock at which its bucket will be full again (GCRA's theoretical arrival
/// time); a key vanishes by then (PX), because a bucket that is not there is full.
std::string_view lease_script();

/// One request, and the name of its limit ("outrider:limit:POLICY:RULE:").
struct lease_question {
    std::string_view prefix;
    governance::fleet_limiter::request asked;
};

/// What follows EVAL's script, or EVALSHA's digest: the number of keys, the keys, six numbers for each.
std::vector<std::string> lease_arguments(const std::vector<lease_question>& batch);

/// @param answer  two numbers for each key. @return nothing when it is no answer to this batch: not that many, no
///                numbers, more granted than was wanted, or more left than a bucket holds
std::optional<std::vector<governance::lease_grant>> read_grants(const std::vector<lease_question>& batch,
                                                                const std::vector<std::string>& answer);

}  // namespace outrider::fleet
