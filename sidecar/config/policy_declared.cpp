#include "sidecar/config/policy_declared.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "sidecar/config/condition_list.hpp"
#include "sidecar/config/optional_value.hpp"
#include "sidecar/config/policy_values.hpp"

// The table of what policies may say, in the order users read it.

namespace outrider::config {
namespace {

using governance::balance_kind;
using governance::balance_rule;
using governance::breaker_force;
using governance::breaker_rule;
using governance::breaker_scope;
using governance::concurrency_rule;
using governance::eject_rule;
using governance::fallback_rule;
using governance::limit_rule;
using governance::match;
using governance::measure;
using governance::over_limit;
using governance::policy;
using governance::priority;
using governance::retry_rule;
using governance::scope;
using governance::timeout_rule;
using governance::traffic;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t most_rules = 16;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

std::vector<setting> match_keys() {
    return {
        value_of_owner("inbound", http_match(traffic::inbound), "requests of callers to the application"),
        value_of_owner("outbound", http_match(traffic::outbound), "requests of the application to an upstream"),
        value_of_owner("produce", topic_match(traffic::produce), "records on their way to a topic"),
        value_of_owner("consume", topic_match(traffic::consume), "records of a topic on their way to the application"),
        value_of_owner("api", api_match(), "produce or consume, whatever the topic"),
        value("upstream", &match::upstream, glob(), "name of an upstream; alone it means all requests to it"),
        value("host", &match::host, glob(), "host that the request names, without its port"),
        table("header", &match::headers, "header fields that the request has, by name; `*` for any characters"),
        value("cluster", &match::cluster, glob(), "name of a Kafka cluster"),
        value("group", &match::group, glob(), "consumer group"),
        value("client", &match::client, glob(), "Kafka client id"),
    };
}

/// What the keys of a match say together about the kind of exchange.
void settle_match(const node&, void* target) {
    auto& of = *static_cast<match*>(target);
    of.host = lower(of.host);
    for (auto& [name, value] : of.headers) name = lower(name);
    if (!of.kind && !of.upstream.empty()) of.kind = traffic::outbound;
    if (!of.kind && !of.group.empty()) of.kind = traffic::consume;
}

std::vector<setting> limit_keys() {
    return {
        value("rate", &limit_rule::rate, rate_value(), "how much per time").as_required(),
        value("burst", &limit_rule::burst, optionally(burst_value()),
              "what may come at once; by default one second's amount, at least 1"),
        value("of", &limit_rule::of,
              choice<measure>(
                  {{"requests", measure::requests}, {"bytes", measure::bytes}, {"records", measure::records}}),
              "what is counted; bytes where the rate has a unit of size"),
        value("key", &limit_rule::key, key_value(), "what tells callers apart, each with a limit of its own"),
        table("overrides", &limit_rule::overrides, rate_value(), "other rates, by the key's value"),
        value("over", &limit_rule::over,
              choice<over_limit>(
                  {{"reject", over_limit::reject}, {"pace", over_limit::pace}, {"degrade", over_limit::degrade}}),
              "what is over the limit: rejected, made to wait its turn, or given the fallback;"
              " by default HTTP rejects, and Kafka throttles"),
        value("scope", &limit_rule::scope, choice<scope>({{"sidecar", scope::sidecar}, {"fleet", scope::fleet}}),
              "whether each sidecar counts for itself, or all of a fleet together"),
        value("keys", &limit_rule::keys, count(1, 4'000'000), "how many values of the key are told apart at most"),
        value("queue", &limit_rule::queue, count(0, 100'000), "with pace: how many may wait"),
        value("longest_wait", &limit_rule::longest_wait, duration(seconds{0}, minutes{10}),
              "with pace: the longest wait; who would wait longer is rejected"),
        value("warm_up", &limit_rule::warm_up, duration(seconds{0}, hours{1}),
              "the rate grows from a third to the whole over this time after a start"),
    };
}

void settle_limit(const node& from, void* target) {
    auto& rule = *static_cast<limit_rule*>(target);
    if (from.find("of") == nullptr && counts_bytes(rule.rate)) rule.of = measure::bytes;
}

std::vector<setting> concurrency_keys() {
    return {
        value("max", &concurrency_rule::max, count(0, 1'000'000),
              "exchanges under way at once; 1000 when adaptive and left out"),
        value("adaptive", &concurrency_rule::adaptive, yes_or_no(),
              "find the limit by how much slower answers become, at most `max`"),
        value("min", &concurrency_rule::min, count(1, 1'000'000), "when adaptive: never below"),
        value("initial", &concurrency_rule::initial, count(1, 1'000'000), "when adaptive: to begin with"),
        value("queue", &concurrency_rule::queue, count(0, 100'000), "how many may wait for a slot"),
        value("longest_wait", &concurrency_rule::longest_wait, duration(milliseconds{1}, minutes{10}),
              "the longest wait for a slot"),
    };
}

/// Left out, `max` of an adaptive limit is beyond what it will find; a small one bounds where it begins.
void settle_concurrency(const node& from, void* target) {
    constexpr std::uint32_t enough = 1'000;
    auto& rule = *static_cast<concurrency_rule*>(target);
    if (rule.adaptive && rule.max == 0) rule.max = std::max({enough, rule.min, rule.initial});
    if (from.find("initial") == nullptr && rule.max != 0)
        rule.initial = std::clamp(rule.initial, std::min(rule.min, rule.max), rule.max);
}

std::vector<setting> breaker_keys() {
    return {
        value("consecutive", &breaker_rule::consecutive, optionally(count(1, 1'000'000)),
              "opens after this many failures in a row"),
        value("failures", &breaker_rule::failures, optionally(portion()),
              "opens when this share of the window's calls failed"),
        value_of_owner("slow", slow_calls(), "opens when this share of the window's calls took longer than this"),
        value("window", &breaker_rule::window, duration(seconds{1}, hours{1}), "what shares are counted over"),
        value("min_calls", &breaker_rule::min_calls, count(1, 1'000'000), "shares of fewer calls say nothing"),
        value("per", &breaker_rule::per,
              choice<breaker_scope>({{"upstream", breaker_scope::upstream}, {"operation", breaker_scope::operation}}),
              "what has a breaker of its own"),
        value("open", &breaker_rule::open, duration(milliseconds{10}, hours{1}),
              "how long nothing passes before it is tried again; grows with every failed try, to 8 times"),
        value("probes", &breaker_rule::probes, count(1, 1'000), "calls that must succeed before it closes"),
        value("probe_lease", &breaker_rule::probe_lease, duration(milliseconds{10}, hours{1}),
              "a probe without an answer by then has failed"),
        value("ramp", &breaker_rule::ramp, duration(seconds{0}, hours{1}),
              "from the probes' success to the whole traffic"),
        value("forced", &breaker_rule::forced,
              choice<breaker_force>({{"none", breaker_force::none},
                                     {"open", breaker_force::open},
                                     {"closed", breaker_force::closed},
                                     {"metrics", breaker_force::metrics}}),
              "held open or closed whatever happens, or only counted"),
    };
}

std::vector<setting> timeout_keys() {
    return {
        value("connect", &timeout_rule::connect, optionally(duration(milliseconds{1}, minutes{10})),
              "TCP and TLS handshake with an upstream"),
        value("first_byte", &timeout_rule::first_byte, optionally(duration(milliseconds{1}, hours{24})),
              "from the end of a request to the head of its answer"),
        value("idle", &timeout_rule::idle, optionally(duration(milliseconds{1}, hours{24})),
              "the longest silence within a body, either direction"),
        value("total", &timeout_rule::total, optionally(duration(milliseconds{1}, hours{24})),
              "the whole exchange, with all its attempts"),
    };
}

conditions<retry_rule> retry_words() {
    return {
        {{"connect", &retry_rule::on_connect}, {"reset", &retry_rule::on_reset}, {"timeout", &retry_rule::on_timeout}},
        &retry_rule::statuses};
}

std::vector<setting> retry_keys() {
    return {
        condition_list("when", retry_words(),
                       "what is tried again: no connection, closed before an answer, no answer in time, statuses"),
        value("attempts", &retry_rule::attempts, count(2, 10), "attempts in all, the first one included"),
        value("budget", &retry_rule::budget, share(1), "retries as a share of the exchanges of the last ten seconds"),
        value("budget_floor", &retry_rule::budget_floor, count(0, 1'000),
              "retries under way at once that are allowed whatever the budget says"),
        value("unsafe_methods", &retry_rule::unsafe_methods, yes_or_no(),
              "also POST and PATCH, which an upstream may have carried out already"),
        value("backoff", &retry_rule::backoff, duration(milliseconds{0}, minutes{1}),
              "the longest wait before the first retry; doubles with each; the wait is a random part of it"),
        value("longest_backoff", &retry_rule::longest_backoff, duration(milliseconds{0}, minutes{10}),
              "what it doubles to at most"),
    };
}

std::vector<setting> eject_keys() {
    return {
        value("consecutive", &eject_rule::consecutive, optionally(count(1, 1'000'000)), "failures in a row"),
        value("failures", &eject_rule::failures, optionally(portion()), "share of the window's calls that failed"),
        value("window", &eject_rule::window, duration(seconds{1}, hours{1}), "what the share is counted over"),
        value("min_calls", &eject_rule::min_calls, count(1, 1'000'000), "a share of fewer calls says nothing"),
        value("time", &eject_rule::time, duration(milliseconds{100}, hours{1}),
              "how long it gets no calls, times how often in a row, to ten times"),
        value("most", &eject_rule::most, portion(),
              "share of the endpoints that may be ejected at once; one is always left"),
    };
}

std::vector<setting> balance_keys() {
    return {
        value("kind", &balance_rule::kind,
              choice<balance_kind>({{"peak_ewma", balance_kind::peak_ewma},
                                    {"round_robin", balance_kind::round_robin},
                                    {"least_requests", balance_kind::least_requests}}),
              "by latency and load, in turn, or by load alone"),
        value("decay", &balance_rule::decay, duration(milliseconds{100}, minutes{10}),
              "how long a latency is remembered"),
        value("slow_start", &balance_rule::slow_start, duration(seconds{0}, hours{1}),
              "the share of a new or returned endpoint grows over this time"),
    };
}

conditions<fallback_rule> fallback_words() {
    return {{{"refused", &fallback_rule::on_refused}, {"failed", &fallback_rule::on_failed}}, &fallback_rule::statuses};
}

std::vector<setting> fallback_keys() {
    return {
        condition_list("when", fallback_words(),
                       "what it stands in for: refusals of our own rules, no answer of the upstream, its statuses"),
        value("status", &fallback_rule::status, status_value(), "status of the answer"),
        value_of_owner("body", body_value(), "its body"),
        value("file", &fallback_rule::file, text(), "a file that holds its body, as seen from the policy's folder"),
        value("content_type", &fallback_rule::content_type, text(), "its content type; of a file, by the file's name"),
        value("stale", &fallback_rule::stale, duration(seconds{0}, hours{24}),
              "the last good answer to the same GET is given instead, while it is younger than this"),
    };
}

struct media_type {
    const char* extension;
    const char* type;
};
constexpr std::array<media_type, 8> media_types{{{".json", "application/json"},
                                                 {".html", "text/html; charset=utf-8"},
                                                 {".htm", "text/html; charset=utf-8"},
                                                 {".txt", "text/plain; charset=utf-8"},
                                                 {".xml", "application/xml"},
                                                 {".csv", "text/csv; charset=utf-8"},
                                                 {".svg", "image/svg+xml"},
                                                 {".js", "text/javascript; charset=utf-8"}}};

std::string media_type_of(const std::string& file) {
    const auto extension = lower(std::filesystem::path{file}.extension().string());
    for (const auto& each : media_types)
        if (extension == each.extension) return each.type;
    return "application/octet-stream";
}

/// Without a body of its own it gives stale answers only, unless it gives none: then an empty body is meant.
void settle_fallback(const node& from, void* target) {
    auto& rule = *static_cast<fallback_rule*>(target);
    rule.has_body = !rule.body.empty() || !rule.file.empty() || rule.stale.count() == 0;
    if (!rule.file.empty() && from.find("content_type") == nullptr) rule.content_type = media_type_of(rule.file);
}

type_of<priority> priority_words() {
    return choice<priority>({{"low", priority::low},
                             {"normal", priority::normal},
                             {"high", priority::high},
                             {"critical", priority::critical}});
}

std::vector<setting> rule_keys() {
    return {
        sections("limit", &policy::limits, limit_keys(), "an amount per time, for all or for each value of a key")
            .or_alone(most_rules)
            .settled_by(&settle_limit),
        sections("concurrency", &policy::concurrency, concurrency_keys(), "exchanges under way at once")
            .or_alone(most_rules)
            .settled_by(&settle_concurrency),
        sections("breaker", &policy::breakers, breaker_keys(), "when an upstream is left alone").or_alone(most_rules),
        optional_section("timeout", &policy::timeout, timeout_keys(),
                         "deadlines, in place of those of sidecar.yaml; what is left out stays as it is there"),
        optional_section("retry", &policy::retry, retry_keys(), "further attempts at an upstream"),
        optional_section("eject", &policy::eject, eject_keys(),
                         "endpoints of an upstream that fail while others do not"),
        optional_section("balance", &policy::balance, balance_keys(), "which endpoint of an upstream a call goes to")
            .with_shorthand("kind"),
        optional_section("fallback", &policy::fallback, fallback_keys(), "an answer in place of a refusal or a failure")
            .settled_by(&settle_fallback),
        value("priority", &policy::priority, optionally(priority_words()),
              "who goes first when slots are scarce; the lowest is shed first"),
        value("cost", &policy::cost, optionally(count(1, 1'000'000)), "as how many requests one exchange counts"),
    };
}

}  // namespace

std::vector<setting> policy_keys() {
    std::vector<setting> keys{
        value("name", &policy::name, word(), "its name in answers, metrics and spans; no two have the same")
            .as_required(),
        value("mode", &policy::mode, mode_value(),
              "enforce; shadow: decide, count and mark, and let everything pass; disabled: as if it were not there"),
        section("match", &policy::match, match_keys(), "which exchanges it is about: all that is given must hold")
            .settled_by(&settle_match)
            .as_required(),
    };
    for (auto& rule : rule_keys()) keys.push_back(std::move(rule));
    return keys;
}

const setting& declared_policies() {
    static const setting root = {"",
                                 shape::section,
                                 "a file of policies",
                                 {},
                                 {},
                                 {sections("policies", &policy_file::policies, policy_keys(), "the policies")},
                                 &to_itself};
    return root;
}

}  // namespace outrider::config
