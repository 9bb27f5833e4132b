#pragma once

#include <memory>
#include <string>
#include <vector>

#include "governance/breaker_table.hpp"
#include "governance/policy_set.hpp"
#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {

/// Policies for all inbound exchanges of a session.
inline governance::policy a_policy(std::string name = "guard") {
    governance::policy made;
    made.name = std::move(name);
    made.match.kind = governance::traffic::inbound;
    return made;
}

inline governance::limit_rule a_limit(double per_second, double burst) {
    governance::limit_rule made;
    made.rate = {per_second, "r"};
    made.burst = burst;
    return made;
}

inline governance::concurrency_rule slots(std::uint32_t most, std::uint32_t queue = 0,
                                          governance::milliseconds longest_wait = governance::milliseconds{5'000}) {
    governance::concurrency_rule made;
    made.max = most;
    made.queue = queue;
    made.longest_wait = longest_wait;
    return made;
}

/// Three attempts, also after resets and timeouts, with hardly a pause between them.
inline governance::retry_rule retries(std::vector<int> statuses = {503}) {
    governance::retry_rule out;
    out.on_reset = out.on_timeout = true;
    out.statuses = std::move(statuses);
    out.attempts = 3;
    out.backoff = out.longest_backoff = governance::milliseconds{1};
    return out;
}

inline std::shared_ptr<const governance::policy_set> use(session& s, std::vector<governance::policy> policies) {
    governance::policy_set::options with;
    with.now = net::steady_clock::now();
    with.version = "v1";
    auto set = governance::policy_set::compile(std::move(policies), nullptr, with);
    s.path->governor.use(set);
    return set;
}

inline governance::concurrency_limiter::view slots_of(const governance::policy_set& set, std::size_t policy = 0) {
    return set.policies()[policy].concurrency[0].limiter->look();
}

inline std::uint64_t counted(session& s, std::string_view rule, governance::rule_outcome which) {
    std::uint64_t sum = 0;
    s.path->governor.counts.each([&](const exchange::decision_counts::row& row) {
        if (row.rule == rule) sum += row.outcomes[static_cast<std::size_t>(which)].value();
    });
    return sum;
}

inline governance::time_point now() { return net::steady_clock::now(); }

/// A session whose inbound exchanges go by one policy.
struct governed_session : session {
    explicit governed_session(governance::policy by, std::function<void(config::settings&)> configure = {})
        : session(std::move(configure)),
          set(governance::policy_set::compile({std::move(by)}, nullptr, {.now = now()})) {
        path->governor.use(set);
    }
    const governance::compiled_policy& compiled() const { return set->policies().front(); }
    governance::breaker& guard() { return compiled().breakers.front().breakers->of("app", now()); }
    /// Two endpoints, both the origin.
    void double_endpoints() {
        config::upstream app;
        app.endpoints.assign(2, {{"127.0.0.1", origin.port()}, false});
        role.fixed = std::make_shared<upstream>("app", 0, app, nullptr);
        role.fixed->choose_by(std::make_shared<governance::balancer>(2, now()));
    }
    std::shared_ptr<const governance::policy_set> set;
};

/// A whole answer with this status.
inline reply status(int code, std::string_view fields = "", std::string_view body = "no") {
    return {"HTTP/1.1 " + std::to_string(code) + " x\r\n" + std::string{fields} +
            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body}};
}

/// Answers the first `count` requests with `first`, the others with 200.
inline auto after(std::size_t count, reply first, const origin_server& origin) {
    return [count, first = std::move(first), &origin](const received&) {
        return origin.requests.size() <= count ? first : status(200, "", "ok");
    };
}

}  // namespace outrider::http
