#include <algorithm>
#include <array>
#include <map>

#include "sidecar/config/policy_rules.hpp"

// What can be said only about all policies together.

namespace outrider::config {
namespace {

using governance::policy;

diagnostic at_key(const read_policy& which, const std::string& key, const std::string& text) {
    return at(where_of(which, key), "policy '" + which.value.name + "': " + text);
}

std::string place_text(const origin& where) {
    return where.name + ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
}

/// A setting of which the most specific policy's counts.
struct single_setting {
    const char* key;
    bool (*in)(const policy&);
};
constexpr std::array<single_setting, 7> single_settings{{
    {"timeout", [](const policy& p) { return p.timeout.has_value(); }},
    {"retry", [](const policy& p) { return p.retry.has_value(); }},
    {"eject", [](const policy& p) { return p.eject.has_value(); }},
    {"balance", [](const policy& p) { return p.balance.has_value(); }},
    {"fallback", [](const policy& p) { return p.fallback.has_value(); }},
    {"priority", [](const policy& p) { return p.priority.has_value(); }},
    {"cost", [](const policy& p) { return p.cost.has_value(); }},
}};

void check_names(const std::vector<read_policy>& all, policy_findings& into) {
    std::map<std::string, const read_policy*> seen;
    for (const auto& each : all) {
        if (each.value.name.empty()) continue;
        const auto [other, fresh] = seen.emplace(each.value.name, &each);
        if (!fresh)
            into.errors.push_back(
                at_key(each, "name", "the name is taken already, at " + place_text(where_of(*other->second, "name"))));
    }
}

/// Whether both say something else.
bool disagree(const policy& a, const policy& b, const char* key) {
    const std::string_view which{key};
    if (which == "timeout") return a.timeout != b.timeout;
    if (which == "retry") return a.retry != b.retry;
    if (which == "eject") return a.eject != b.eject;
    if (which == "balance") return a.balance != b.balance;
    if (which == "fallback") return a.fallback != b.fallback;
    if (which == "priority") return a.priority != b.priority;
    return a.cost != b.cost;
}

void check_tie(const read_policy& one, const read_policy& other, policy_findings& into) {
    const auto &a = one.value, &b = other.value;
    for (const auto& [key, in] : single_settings) {
        if (!in(a) || !in(b) || !disagree(a, b, key)) continue;
        if (!governance::can_both_match(a.match, b.match)) return;
        into.errors.push_back(at_key(one, key,
                                     "its '" + std::string{key} + "' and that of '" + b.name + "' (" +
                                         place_text(where_of(other, key)) +
                                         ") can hold for one exchange, and neither match is more specific; make one of "
                                         "them so"));
    }
}

/// Policies that are equally specific, match one exchange, and differ in what only one of them can decide. Only those
/// of one specificity are compared: the number of pairs stays small.
void check_ties(const std::vector<read_policy>& all, policy_findings& into) {
    std::map<std::uint32_t, std::vector<const read_policy*>> by_specificity;
    for (const auto& each : all) {
        if (each.value.mode != governance::mode::enforce || each.value.name.empty()) continue;
        auto& equals = by_specificity[governance::specificity(each.value.match)];
        for (const auto* other : equals) check_tie(each, *other, into);
        equals.push_back(&each);
    }
}

/// Whether some policy in force gives a fallback where this one refuses.
bool has_fallback(const policy& of, const std::vector<read_policy>& all) {
    return std::any_of(all.begin(), all.end(), [&](const read_policy& each) {
        const auto& other = each.value;
        return other.fallback && other.fallback->on_refused && other.mode == governance::mode::enforce &&
               governance::can_both_match(of.match, other.match);
    });
}

void check_limits(const read_policy& of, const std::vector<read_policy>& all, std::optional<bool> fleet,
                  policy_findings& into) {
    const auto& limits = of.value.limits;
    const bool http = (governance::traffic_of(of.value.match) & governance::http_traffic) != 0;
    for (std::size_t i = 0; i < limits.size(); ++i) {
        const auto at = numbered("limit", limits.size(), i);
        if (limits[i].over == governance::over_limit::degrade && http && !has_fallback(of.value, all))
            into.errors.push_back(at_key(
                of, at + ".over",
                "'over: degrade' needs a fallback, and no policy with 'fallback' (when: refused) can match here"));
        if (limits[i].scope == governance::scope::fleet && fleet == false)
            into.warnings.push_back(
                at_key(of, at + ".scope",
                       "'scope: fleet' counts in this sidecar alone: there is no 'fleet' in the configuration"));
    }
}

}  // namespace

void check_together(const std::vector<read_policy>& all, std::optional<bool> fleet, policy_findings& into) {
    check_names(all, into);
    check_ties(all, into);
    for (const auto& each : all)
        if (!each.value.name.empty()) check_limits(each, all, fleet, into);
}

}  // namespace outrider::config
