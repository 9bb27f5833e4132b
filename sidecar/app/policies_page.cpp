#include "sidecar/app/policies_page.hpp"

#include <optional>

#include <nlohmann/json.hpp>

#include "governance/breaker_table.hpp"
#include "governance/mismatch.hpp"
#include "sidecar/config/nearest.hpp"
#include "sidecar/config/policy_values.hpp"
#include "sidecar/exchange/decision_counts.hpp"

namespace outrider::app {
namespace {

using governance::breaker_force;
using nlohmann::json;

double seconds(governance::nanoseconds value) { return static_cast<double>(value.count() / 1'000'000) / 1'000; }

const char* force_name(breaker_force how) {
    switch (how) {
        case breaker_force::none:
            return "auto";
        case breaker_force::open:
            return "open";
        case breaker_force::closed:
            return "closed";
        case breaker_force::metrics:
            return "metrics";
    }
    return "";
}

std::optional<breaker_force> force_of(const std::string& word) {
    for (auto how : {breaker_force::none, breaker_force::open, breaker_force::closed, breaker_force::metrics})
        if (word == force_name(how)) return how;
    return std::nullopt;
}

json limit_json(const governance::compiled_limit& one, governance::time_point now) {
    const auto& rule = *one.rule;
    auto state = one.limiter->look(now);
    json out{{"rule", exchange::rule_name(one)}, {"rate", rule.rate.text}};
    if (rule.key.from == governance::key_source::kind::none) {
        out["remaining"] = state.remaining;
    } else {
        out["keys"] = state.keys;
        out["keys_most"] = rule.keys;
        out["overflowed"] = state.overflowed;
    }
    if (rule.scope == governance::scope::fleet) out["scope"] = "fleet";
    return out;
}

json slots_json(const governance::compiled_concurrency& one) {
    auto seen = one.limiter->look();
    return {{"rule", exchange::rule_name(one)}, {"adaptive", one.rule->adaptive}, {"limit", seen.limit},
            {"under_way", seen.under_way},      {"waiting", seen.waiting},        {"shed", seen.shed}};
}

json breaker_json(const governance::breaker& one, governance::time_point now) {
    auto seen = one.look(now);
    return {{"state", name_of(seen.state)},
            {"forced", force_name(seen.forced)},
            {"why", seen.why},
            {"since_seconds", seconds(seen.since)},
            {"generation", seen.generation},
            {"calls", seen.calls},
            {"failures", seen.failures},
            {"slow", seen.slow},
            {"openings", seen.openings}};
}

json breakers_json(const governance::compiled_breaker& one, governance::time_point now) {
    json all = json::object();
    one.breakers->each(
        [&](const std::string& name, governance::breaker& which) { all[name] = breaker_json(which, now); });
    return {{"rule", exchange::rule_name(one)}, {"breakers", all}};
}

json rules_json(const governance::compiled_policy& one, governance::time_point now) {
    json rules = json::array();
    for (const auto& each : one.limits) rules.push_back(limit_json(each, now));
    for (const auto& each : one.concurrency) rules.push_back(slots_json(each));
    for (const auto& each : one.breakers) rules.push_back(breakers_json(each, now));
    if (one.retry.budget) rules.push_back({{"rule", "retry"}, {"budget_refused", one.retry.budget->refused()}});
    if (one.source->timeout) rules.push_back({{"rule", "timeout"}});
    if (one.source->fallback) rules.push_back({{"rule", "fallback"}});
    return rules;
}

/// "no policy with a breaker is called 'protct'; did you mean 'protect'?"
std::string unknown(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
    return "no " + what + " is called '" + name + "'" + config::did_you_mean(name, known);
}

/// Whether the policy will guard this one, although nobody has asked for it yet.
bool will_guard(const governance::compiled_breaker& rule, const std::string& name) {
    const auto& by = rule.of->match;
    if (!rule.operation.empty()) return false;
    return by.kind == governance::traffic::inbound ? name == "app" : name == by.upstream || name == by.cluster;
}

}  // namespace

json policies_json(const governance::policy_set& set, governance::time_point now) {
    json out = json::array();
    for (const auto& source : set.sources()) {
        json one{{"name", source.name},
                 {"mode", config::mode_value().type->print(&source.mode)},
                 {"match", text_of(source.match)},
                 {"where", source.where.file + ":" + std::to_string(source.where.line)}};
        if (const auto* live = set.find(source.name)) one["rules"] = rules_json(*live, now);
        out.push_back(std::move(one));
    }
    return out;
}

std::string force_breaker(const governance::policy_set& set, const admin::breaker_order& order,
                          governance::time_point now) {
    auto how = force_of(order.state);
    if (!how) return unknown("state of a breaker", order.state, {"open", "closed", "metrics", "auto"});
    std::vector<std::string> names;
    for (const auto& each : set.policies())
        if (!each.breakers.empty()) names.push_back(each.source->name);
    const auto* policy = set.find(order.policy);
    if (!policy || policy->breakers.empty()) return unknown("policy with a breaker", order.policy, names);
    std::vector<std::string> there;
    bool forced = false;
    for (const auto& rule : policy->breakers) {
        rule.breakers->each([&](const std::string& name, governance::breaker& which) {
            there.push_back(name);
            if (!order.breaker.empty() && order.breaker != name) return;
            which.force(*how, now);
            forced = true;
        });
        // It can be held open before the first call.
        if (!forced && will_guard(rule, order.breaker)) {
            rule.breakers->of(order.breaker, now).force(*how, now);
            forced = true;
        }
    }
    if (forced || order.breaker.empty()) return {};
    return unknown("breaker", order.breaker, there);
}

}  // namespace outrider::app
