#pragma once

#include <string>

#include "governance/rate_limiter.hpp"

namespace outrider::governance {

/// Long after the clock's beginning, so that times before the creation exist.
inline const time_point created{std::chrono::hours{1'000}};

inline limit_rule rule_of(double per_second, double burst) {
    limit_rule rule;
    rule.rate.per_second = per_second;
    rule.burst = burst;
    return rule;
}

inline limit_rule keyed_rule(double per_second, double burst, std::uint32_t keys = 1'000) {
    auto rule = rule_of(per_second, burst);
    rule.key = {key_source::kind::header, "x-tenant"};
    rule.keys = keys;
    return rule;
}

inline limit_rule paced_rule(double per_second, double burst, milliseconds longest_wait, std::uint32_t queue) {
    auto rule = rule_of(per_second, burst);
    rule.over = over_limit::pace;
    rule.longest_wait = longest_wait;
    rule.queue = queue;
    return rule;
}

inline bool takes(rate_limiter& limiter, time_point now, double amount = 1, const std::string& key = "") {
    rate_ticket ticket;
    return limiter.take(key, amount, now, ticket).admitted;
}

/// How many of `attempts` at once are admitted.
inline int taken_at_once(rate_limiter& limiter, time_point now, int attempts, const std::string& key = "") {
    int admitted = 0;
    for (int i = 0; i < attempts; ++i) admitted += takes(limiter, now, 1, key);
    return admitted;
}

}  // namespace outrider::governance
