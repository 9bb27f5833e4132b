#include "sidecar/http/refusal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "sidecar/exchange/access_log.hpp"
#include "sidecar/exchange/decision_counts.hpp"

namespace outrider::http {

using governance::compiled_rule;
using governance::decision;
using governance::nanoseconds;
using governance::rule_kind;

namespace {

using seconds = std::chrono::duration<double>;

const governance::limit_rule* limit_of(const compiled_rule& rule) {
    return rule.kind == rule_kind::limit ? static_cast<const governance::compiled_limit&>(rule).rule : nullptr;
}

/// Short, without an exponent: "100", "0.25".
std::string plain(double value) {
    std::array<char, 64> text;
    auto rounded = std::round(value * 1000) / 1000;
    auto end = std::to_chars(text.data(), text.data() + text.size(), rounded, std::chars_format::fixed).ptr;
    return {text.data(), end};
}

std::string unit_of(const governance::limit_rule& rule) {
    return rule.of == governance::measure::bytes ? " bytes" : rule.of == governance::measure::records ? " records" : "";
}

std::string key_text(const governance::key_source& key) {
    using kind = governance::key_source::kind;
    switch (key.from) {
        case kind::none:
            return "";
        case kind::address:
            return " for each address";
        case kind::header:
            return " for each value of header " + key.name;
        case kind::path:
            return " for each {" + key.name + "}";
        case kind::host:
            return " for each host";
        case kind::upstream:
            return " for each upstream";
        case kind::topic:
            return " for each topic";
        case kind::group:
            return " for each group";
        case kind::client:
            return " for each client id";
        case kind::principal:
            return " for each principal";
    }
    return "";
}

/// How a limit is called: the policy's name, and the rule's where it is not the policy's first.
std::string quota_name(const compiled_rule& rule) {
    return rule.index == 0 ? rule.of->name : rule.of->name + "." + exchange::rule_name(rule);
}

/// RFC 9651 3.3.3: printable ASCII, in quotes.
std::string structured_string(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c >= ' ' && c <= '~' ? c : '?';
    }
    return out += '"';
}

struct quota {
    std::uint64_t amount;
    std::uint64_t window;  ///< in seconds
};

/// The rate as whole numbers: over the shortest window in which it is one, else over the shortest in which anything is
/// admitted.
quota quota_of(double per_second) {
    constexpr std::array<std::uint64_t, 4> windows{1, 60, 3'600, 86'400};
    for (auto window : windows) {
        auto amount = per_second * static_cast<double>(window);
        if (amount >= 1 && std::abs(amount - std::round(amount)) < 1e-9 * amount)
            return {static_cast<std::uint64_t>(std::llround(amount)), window};
    }
    for (auto window : windows)
        if (per_second * static_cast<double>(window) >= 1)
            return {static_cast<std::uint64_t>(per_second * static_cast<double>(window)), window};
    return {0, windows.back()};
}

std::uint64_t whole_seconds(nanoseconds wait) {
    return static_cast<std::uint64_t>(std::max(1.0, std::ceil(seconds{wait}.count())));
}

/// RateLimit-Policy tells what holds always, RateLimit what is left now and when there is more.
void add_rate_limit(std::string& fields, const decision& why) {
    auto name = structured_string(quota_name(*why.by));
    auto [amount, window] = quota_of(why.limit);
    fields += "RateLimit-Policy: " + name + ";q=" + std::to_string(amount) + ";w=" + std::to_string(window);
    if (limit_of(*why.by)->of == governance::measure::bytes) fields += ";qu=\"content-bytes\"";
    auto left = static_cast<std::uint64_t>(std::max(0.0, why.remaining));
    fields += "\r\nRateLimit: " + name + ";r=" + std::to_string(left) +
              ";t=" + std::to_string(whole_seconds(why.retry_after)) + "\r\n";
}

void member(std::string& out, std::string_view name, std::string_view text) {
    out.append(",\"").append(name).append("\":");
    exchange::append_json_string(out, text);
}

void member(std::string& out, std::string_view name, double value) {
    out.append(",\"").append(name).append("\":").append(plain(value));
}

/// draft-ietf-httpapi-ratelimit-headers-10 registers problem types for what our limits mean.
std::string_view type_of(rule_kind kind) {
    if (kind == rule_kind::limit) return "https://iana.org/assignments/http-problem-types#quota-exceeded";
    if (kind == rule_kind::concurrency)
        return "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";
    return {};
}

/// Retry-After counts in whole seconds, the problem's member in milliseconds.
void say_when(local_answer& answer, nanoseconds back_in) {
    member(answer.members, "retry_after", std::ceil(seconds{back_in}.count() * 1000) / 1000);
    answer.fields += "Retry-After: " + std::to_string(whole_seconds(back_in)) + "\r\n";
}

}  // namespace

exchange::failure_code failure_of(const compiled_rule& rule) {
    switch (rule.kind) {
        case rule_kind::limit:
            return exchange::failure_code::rate_limited;
        case rule_kind::concurrency:
            return exchange::failure_code::concurrency_limited;
        case rule_kind::breaker:
            return exchange::failure_code::circuit_open;
        case rule_kind::timeout:
        case rule_kind::retry:
        case rule_kind::fallback:
            break;
    }
    return exchange::failure_code::overloaded;
}

std::string detail_of(const decision& why) {
    const auto& rule = *why.by;
    auto out = "policy '" + rule.of->name + "' ";
    if (auto* limit = limit_of(rule)) {
        auto unit = unit_of(*limit);
        out += "allows " + (limit->rate.per_second == why.limit ? limit->rate.text : plain(why.limit) + unit + "/s") +
               " and " + plain(why.burst) + unit + " at once" + key_text(limit->key);
        if (limit->over == governance::over_limit::pace) out += ", and as many as may wait are waiting";
        return out;
    }
    if (rule.kind == rule_kind::concurrency)
        return out + "allows " + plain(why.limit) + " exchanges at once, and " + plain(why.observed) + " are under way";
    if (rule.kind == rule_kind::breaker) return out + "lets the upstream recover: too many calls of it went wrong";
    return out + "refuses the request";
}

nanoseconds spread(nanoseconds wait, std::uint32_t random) {
    constexpr nanoseconds at_least = std::chrono::seconds{1};
    auto most = std::max(at_least, wait / 5);
    auto share = static_cast<double>(random) / 4'294'967'296.0;
    return wait + nanoseconds{static_cast<std::int64_t>(share * static_cast<double>(most.count()))};
}

void explain(local_answer& answer, const decision& why, std::string_view version, std::uint32_t random) {
    const auto& rule = *why.by;
    auto back_in = spread(why.retry_after, random);
    answer.type = type_of(rule.kind);
    member(answer.members, "policy", rule.of->name);
    member(answer.members, "rule", exchange::rule_name(rule));
    member(answer.members, "policy_version", version);
    if (rule.kind != rule_kind::breaker) {
        member(answer.members, "observed", why.observed);
        member(answer.members, "limit", why.limit);
    }
    if (rule.kind == rule_kind::limit) member(answer.members, "burst", why.burst);
    say_when(answer, back_in);
    if (rule.kind == rule_kind::limit || rule.kind == rule_kind::concurrency) {
        answer.members += ",\"violated-policies\":[";
        exchange::append_json_string(answer.members, quota_name(rule));
        answer.members += "]";
    }
    if (rule.kind == rule_kind::limit) add_rate_limit(answer.fields, why);
}

void explain_sick(local_answer& answer, nanoseconds for_so_long, std::uint32_t random) {
    constexpr nanoseconds soonest = std::chrono::seconds{1}, latest = std::chrono::seconds{30};
    say_when(answer, spread(std::clamp(for_so_long, soonest, latest), random));
}

}  // namespace outrider::http
