#include "sidecar/config/policy_rules.hpp"

#include <algorithm>
#include <array>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/policy_values.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

using governance::http_traffic;
using governance::kafka_traffic;
using governance::only;
using governance::traffic;
using governance::traffic_set;
using source_kind = governance::key_source::kind;

constexpr std::array<const char*, governance::traffics> traffic_words{"inbound", "outbound", "produce", "consume"};

/// A key of `match` that was written, with the traffic that has such a thing.
struct match_part {
    const char* key;
    traffic_set has;
};

std::vector<match_part> parts_of(const governance::match& of) {
    std::vector<match_part> out;
    if (of.kind) out.push_back({traffic_words[static_cast<std::size_t>(*of.kind)], only(*of.kind)});
    if (!of.upstream.empty()) out.push_back({"upstream", only(traffic::outbound)});
    if (!of.host.empty()) out.push_back({"host", http_traffic});
    if (!of.headers.empty()) out.push_back({"header", http_traffic});
    if (!of.cluster.empty()) out.push_back({"cluster", kafka_traffic});
    if (!of.group.empty()) out.push_back({"group", only(traffic::consume)});
    if (!of.client.empty()) out.push_back({"client", kafka_traffic});
    return out;
}

/// The traffic whose exchanges have this key.
traffic_set traffic_with(source_kind key) {
    switch (key) {
        case source_kind::header:
        case source_kind::path:
        case source_kind::host:
            return http_traffic;
        case source_kind::upstream:
            return only(traffic::outbound) | kafka_traffic;
        case source_kind::topic:
        case source_kind::client:
            return kafka_traffic;
        case source_kind::group:
            return only(traffic::consume);
        case source_kind::none:
        case source_kind::address:
        case source_kind::principal:
            break;
    }
    return http_traffic | kafka_traffic;
}

std::string traffic_text(traffic_set which) {
    std::string out;
    for (std::size_t i = 0; i < traffic_words.size(); ++i)
        if ((which & only(static_cast<traffic>(i))) != 0)
            out.append(out.empty() ? "" : " or ").append(traffic_words[i]);
    return out;
}

bool is_token(std::string_view text) {
    constexpr std::string_view symbols = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || symbols.find(c) != symbols.npos;
    });
}

}  // namespace

origin where_of(const read_policy& of, const std::string& key) {
    for (auto path = of.path + "." + key; path.size() > of.path.size();
         path.resize(std::max(path.rfind('.'), of.path.size()))) {
        if (const auto found = of.origins->find(path); found != of.origins->end()) return found->second;
    }
    const auto& place = of.value.where;
    return {source::file, place.file, place.line, place.column};
}

std::string numbered(const char* rule, std::size_t count, std::size_t index) {
    return count == 1 ? rule : std::string{rule} + "." + std::to_string(index);
}

bool policy_rules::has_failed(const std::string& key) const {
    const auto path = of_.path + (key.empty() ? "" : "." + key);
    return std::any_of(of_.failed->begin(), of_.failed->end(), [&](const std::string& other) {
        return other.empty() || other == path || path.starts_with(other + ".") || other.starts_with(path + ".");
    });
}

void policy_rules::fail(const std::string& key, const std::string& text) {
    if (!has_failed(key)) into_.errors.push_back(at(where_of(of_, key), "policy '" + policy_.name + "': " + text));
}

void policy_rules::warn(const std::string& key, const std::string& text) {
    into_.warnings.push_back(at(where_of(of_, key), "policy '" + policy_.name + "': " + text));
}

void policy_rules::check() {
    if (has_failed("name")) return;  // whatever else is said names the policy
    traffic_ = governance::traffic_of(policy_.match);
    check_match();
    check_has_rules();
    if (traffic_ == 0 || has_failed("match")) return;
    check_traffic_of_rules();
    for (std::size_t i = 0; i < policy_.limits.size(); ++i)
        check_limit(numbered("limit", policy_.limits.size(), i), policy_.limits[i]);
    for (std::size_t i = 0; i < policy_.concurrency.size(); ++i)
        check_concurrency(numbered("concurrency", policy_.concurrency.size(), i), policy_.concurrency[i]);
    for (std::size_t i = 0; i < policy_.breakers.size(); ++i)
        check_breaker(numbered("breaker", policy_.breakers.size(), i), policy_.breakers[i]);
    if (policy_.timeout) check_timeout(*policy_.timeout);
    if (policy_.retry) check_retry(*policy_.retry);
    if (policy_.fallback) check_fallback(*policy_.fallback);
}

void policy_rules::check_match() {
    const auto parts = parts_of(policy_.match);
    if (parts.empty() && policy_.match.topic.empty())
        return fail("match", "'match' is empty; write what the policy is about, such as inbound: \"*\"");
    traffic_set left = http_traffic | kafka_traffic;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto now = static_cast<traffic_set>(left & parts[i].has);
        if (now == 0) {
            const auto other = std::find_if(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(i),
                                            [&](const match_part& p) { return (p.has & parts[i].has) == 0; });
            fail(std::string{"match."} + parts[i].key,
                 std::string{"can never match: nothing has both '"} + other->key + "' and '" + parts[i].key + "'");
            return;
        }
        left = now;
    }
    for (const auto& [name, value] : policy_.match.headers)
        if (!is_token(name)) fail("match.header", "'" + name + "' is not the name of a header field");
}

void policy_rules::check_has_rules() {
    const bool any = !policy_.limits.empty() || !policy_.concurrency.empty() || !policy_.breakers.empty() ||
                     policy_.timeout || policy_.retry || policy_.eject || policy_.balance || policy_.fallback ||
                     policy_.priority || policy_.cost;
    if (!any && !has_failed(""))
        fail(
            "name",
            "has no rule; write at least one of limit, concurrency, breaker, timeout, retry, eject, balance, fallback, "
            "priority and cost");
}

/// Rules that have nothing to work on in the traffic that matches.
void policy_rules::check_traffic_of_rules() {
    const auto needs = [&](bool there, const char* rule, traffic_set has, const char* why) {
        if (there && (traffic_ & has) == 0) fail(rule, "'" + std::string{rule} + "' has no effect: " + why);
    };
    constexpr const char* no_kafka = "it is about HTTP requests, and the policy matches Kafka only";
    constexpr const char* no_endpoints =
        "it is about the endpoints of an upstream, and the policy matches no outbound request";
    needs(policy_.timeout.has_value(), "timeout", http_traffic, no_kafka);
    needs(policy_.retry.has_value(), "retry", http_traffic, no_kafka);
    needs(policy_.fallback.has_value(), "fallback", http_traffic, no_kafka);
    needs(policy_.eject.has_value(), "eject", only(traffic::outbound), no_endpoints);
    needs(policy_.balance.has_value(), "balance", only(traffic::outbound), no_endpoints);
}

void policy_rules::check_limit(const std::string& at, const governance::limit_rule& rule) {
    check_limit_key(at, rule);
    check_limit_units(at, rule);
    check_pace(at, rule);
    if (rule.of == governance::measure::records && (traffic_ & kafka_traffic) == 0)
        fail(at + ".of", "'" + at + ".of' is records, which HTTP has not");
    if (rule.over == governance::over_limit::degrade && (traffic_ & http_traffic) == 0)
        fail(at + ".over", "'" + at + ".over: degrade' gives a fallback, which Kafka has not");
}

void policy_rules::check_limit_key(const std::string& at, const governance::limit_rule& rule) {
    const auto key = at + ".key";
    if (rule.key.from == source_kind::none) {
        if (!rule.overrides.empty())
            fail(at + ".overrides", "'" + at + ".overrides' needs '" + key + "': overrides of what?");
        return;
    }
    if ((traffic_with(rule.key.from) & traffic_) == 0)
        return fail(key, "'" + key + "' is a thing of " + traffic_text(traffic_with(rule.key.from)) +
                             " only, and the policy matches " + traffic_text(traffic_));
    if (rule.key.from != source_kind::path) return;
    const auto known = parameters_of(policy_.match.path);
    if (std::find(known.begin(), known.end(), rule.key.name) != known.end()) return;
    fail(key, "'" + key + "': the path of 'match' has no parameter '" + rule.key.name + "'" +
                  (known.empty() ? "; write {" + rule.key.name + "} in it" : did_you_mean(rule.key.name, known)));
}

/// What is counted is one thing in rate, overrides and burst.
void policy_rules::check_limit_units(const std::string& at, const governance::limit_rule& rule) {
    const bool bytes = rule.of == governance::measure::bytes;
    if (counts_bytes(rule.rate) && !bytes)
        fail(at + ".rate", "'" + at + ".rate' " + rule.rate.text + " is in bytes, and '" + at + ".of' is not");
    for (const auto& [value, rate] : rule.overrides)
        if (counts_bytes(rate) && !bytes)
            fail(at + ".overrides." + value,
                 "'" + at + ".overrides." + value + "' " + rate.text + " is in bytes, and the limit is not");
}

void policy_rules::check_pace(const std::string& at, const governance::limit_rule& rule) {
    const bool pace = rule.over == governance::over_limit::pace;
    const std::array<std::pair<const char*, bool>, 2> bounds{
        {{".queue", rule.queue != 0}, {".longest_wait", rule.longest_wait.count() != 0}}};
    for (const auto& [key, set] : bounds) {
        if (pace && !set && !has_failed(at + key))
            fail(at + ".over",
                 "'" + at + ".over: pace' needs '" + at + key + "': a queue without a bound only hides the load");
        if (!pace && set) fail(at + key, "'" + at + key + "' has no effect without 'over: pace'");
    }
}

void policy_rules::check_concurrency(const std::string& at, const governance::concurrency_rule& rule) {
    const governance::concurrency_rule usual;
    if (!rule.adaptive && rule.max == 0) return fail(at, "'" + at + "' needs 'max' above 0, or 'adaptive: true'");
    if (!rule.adaptive && rule.min != usual.min)
        fail(at + ".min", "'" + at + ".min' has no effect without 'adaptive: true'");
    if (rule.adaptive && rule.min > rule.max)
        return fail(at + ".min", "'" + at + ".min' is above '" + at + ".max' " + std::to_string(rule.max));
    if (rule.adaptive && (rule.initial > rule.max || rule.initial < rule.min))
        fail(at + ".initial", "'" + at + ".initial' is not between 'min' and 'max'");
    if (rule.queue == 0 && rule.longest_wait != usual.longest_wait)
        fail(at + ".longest_wait", "'" + at + ".longest_wait' has no effect without '" + at + ".queue'");
}

void policy_rules::check_breaker(const std::string& at, const governance::breaker_rule& rule) {
    const bool any = rule.consecutive || rule.failures || rule.slow;
    const bool held =
        rule.forced == governance::breaker_force::open || rule.forced == governance::breaker_force::closed;
    if (!any && !held) fail(at, "'" + at + "' never opens: write at least one of consecutive, failures and slow");
    if (rule.failures || rule.slow) return;
    const governance::breaker_rule usual;
    const std::array<std::pair<const char*, bool>, 2> of_shares{
        {{".window", rule.window != usual.window}, {".min_calls", rule.min_calls != usual.min_calls}}};
    for (const auto& [key, set] : of_shares)
        if (set) fail(at + key, "'" + at + key + "' has no effect without 'failures' or 'slow'");
}

void policy_rules::check_timeout(const governance::timeout_rule& rule) {
    if (!rule.connect && !rule.first_byte && !rule.idle && !rule.total)
        return fail("timeout", "'timeout' sets nothing; write connect, first_byte, idle or total");
    if (!rule.total) return;
    const std::array<std::pair<const char*, std::optional<milliseconds>>, 3> parts{
        {{"connect", rule.connect}, {"first_byte", rule.first_byte}, {"idle", rule.idle}}};
    for (const auto& [key, part] : parts)
        if (part && *part > *rule.total)
            fail("timeout." + std::string{key}, "'timeout." + std::string{key} + "' " + duration_text(*part) +
                                                    " never comes: 'timeout.total' " + duration_text(*rule.total) +
                                                    " is shorter");
}

void policy_rules::check_retry(const governance::retry_rule& rule) {
    if (!rule.on_connect && !rule.on_reset && !rule.on_timeout && rule.statuses.empty())
        return fail("retry.when", "'retry.when' is empty; write at least one of connect, reset, timeout and statuses");
    if (rule.budget == 0 && rule.budget_floor == 0)
        fail("retry.budget", "'retry.budget' and 'retry.budget_floor' of 0 allow no retry at all");
    if (rule.backoff > rule.longest_backoff)
        fail("retry.backoff", "'retry.backoff' " + duration_text(rule.backoff) + " is above 'retry.longest_backoff' " +
                                  duration_text(rule.longest_backoff));
    check_unsafe(rule);
}

/// RFC 9110, 9.2.2: a method that is not idempotent is repeated only by who knows that it may be.
void policy_rules::check_unsafe(const governance::retry_rule& rule) {
    const auto& method = policy_.match.method;
    if (rule.unsafe_methods || (method != "POST" && method != "PATCH")) return;
    const auto text = method + " is not idempotent; set 'retry.unsafe_methods: true' if its upstream can take it twice";
    if (!rule.on_connect) return fail("retry", "'retry' never tries again: " + text);
    if (rule.on_reset || rule.on_timeout || !rule.statuses.empty())
        warn("retry.when", "only 'connect' is tried again: " + text);
}

void policy_rules::check_fallback(governance::fallback_rule& rule) {
    const governance::fallback_rule usual;
    const bool own = given("fallback.body") || !rule.file.empty();
    if (given("fallback.body") && !rule.file.empty())
        fail("fallback.body", "'fallback.body' and 'fallback.file' are both there; one is the body");
    if (!rule.on_refused && !rule.on_failed && rule.statuses.empty())
        fail("fallback.when", "'fallback.when' is empty; write at least one of refused, failed and statuses");
    if (rule.content_type.find_first_of("\r\n") != std::string::npos ||
        rule.content_type.find('/') == std::string::npos)
        fail("fallback.content_type", "'" + rule.content_type + "' is not a content type such as application/json");
    if (!own && rule.content_type != usual.content_type)
        fail("fallback.content_type", "'fallback.content_type' has no effect without a body or a file");
    if (!rule.has_body && rule.status != usual.status)
        fail("fallback.status", "'fallback.status' has no effect: a stale answer has its own, and there is no other");
    if (own && (rule.status == 204 || rule.status == 304))
        fail("fallback.status", "an answer with status " + std::to_string(rule.status) + " has no body");
    const auto& method = policy_.match.method;
    if (rule.stale.count() != 0 && !method.empty() && method != "GET" && method != "HEAD")
        fail("fallback.stale", "'fallback.stale' keeps answers to GET, and the policy matches " + method + " only");
}

}  // namespace outrider::config
