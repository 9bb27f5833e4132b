#include "sidecar/app/own_card.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "governance/breaker_table.hpp"
#include "governance/mismatch.hpp"
#include "tracing/json_writer.hpp"

namespace outrider::app {
namespace {

using governance::health_state;
using governance::rule_outcome;
using std::chrono::system_clock;
using tracing::json_writer;

constexpr std::size_t room = 240 << 10;  // of 256 KiB; the rest is for what comes at the end
constexpr std::size_t most_reasons = 16, most_dependencies = 1'000, most_policies = 2'000;
constexpr std::size_t name_bytes = 200, text_bytes = 500;

std::string_view verdict_of(health_state state) {
    switch (state) {
        case health_state::starting:
            return "starting";
        case health_state::healthy:
            return "healthy";
        case health_state::degraded:
            return "degraded";
        case health_state::unhealthy:
            return "unhealthy";
        case health_state::draining:
            return "stopping";
    }
    return "unknown";
}

std::string_view mode_of(governance::mode mode, bool shadow) {
    if (mode == governance::mode::disabled) return "disabled";
    return shadow || mode == governance::mode::shadow ? "shadow" : "enforce";
}

/// What is told of one rule, or of one of its breakers.
struct rule_view {
    std::string target;
    std::string_view state{};
    std::string why{};
    std::optional<governance::nanoseconds> since{};
    std::optional<double> level{};
};

class card_writer {
  public:
    card_writer(const own_card& card, governance::time_point now, system_clock::time_point wall)
        : card_(card), now_(now), wall_(wall), out_(result_.body) {}

    encoded_card write() && {
        out_.begin_object();
        out_.text("secret", card_.secret);
        out_.text("service", card_.service.substr(0, name_bytes));
        out_.text("instance", card_.instance.substr(0, name_bytes));
        out_.text("version", OUTRIDER_VERSION);
        out_.text("state", card_.stopped ? "stopped" : "running");
        out_.quoted("startedUnixNano", unix_ns(card_.started));
        write_health();
        write_dependencies();
        write_policies();
        write_rates();
        if (result_.left_out > 0) out_.number("leftOut", result_.left_out);
        out_.end_object();
        return std::move(result_);
    }

  private:
    static std::int64_t unix_ns(system_clock::time_point when) {
        return std::chrono::duration_cast<governance::nanoseconds>(when.time_since_epoch()).count();
    }
    std::int64_t unix_ns_before(governance::nanoseconds ago) const { return unix_ns(wall_) - ago.count(); }

    /// A text that is news when it changes.
    void stands(std::string_view name, std::string_view value, std::size_t most = name_bytes) {
        result_.stands.append(value).push_back('\n');
        if (!value.empty()) out_.text(name, value.substr(0, most));
    }

    bool has_room(std::size_t written, std::size_t most) {
        if (written < most && result_.body.size() < room) return true;
        ++result_.left_out;
        return false;
    }

    void write_health() {
        out_.begin_object("health");
        stands("verdict", verdict_of(card_.health.state));
        out_.quoted("sinceUnixNano", unix_ns_before(now_ - card_.health.since));
        out_.begin_array("reasons");
        const auto& reasons = card_.health.reasons;
        for (std::size_t i = 0; i < std::min(reasons.size(), most_reasons); ++i) {
            result_.stands.append(reasons[i].what).push_back('\n');
            out_.text(reasons[i].line().substr(0, text_bytes));
        }
        out_.end_array();
        out_.end_object();
    }

    void write_dependencies() {
        out_.begin_array("dependencies");
        std::size_t written = 0;
        for (const auto& one : card_.dependencies) {
            if (!has_room(written, most_dependencies)) continue;
            ++written;
            out_.begin_object();
            stands("name", one.name);
            out_.text("kind", one.kind);
            if (!one.endpoint.empty()) stands("endpoint", one.endpoint);
            stands("verdict", one.verdict);
            if (!one.reason.empty()) out_.text("reason", std::string_view{one.reason}.substr(0, text_bytes));
            out_.end_object();
        }
        out_.end_array();
    }

    void write_policies() {
        out_.begin_array("policies");
        if (card_.policies)
            for (const auto& source : card_.policies->sources()) {
                const auto* live = card_.policies->find(source.name);
                if (live)
                    write_rules(*live);
                else if (has_room(written_, most_policies))
                    write_disabled(source);
            }
        out_.end_array();
    }

    void write_disabled(const governance::policy& source) {
        ++written_;
        out_.begin_object();
        stands("policy", source.name);
        stands("mode", "disabled");
        stands("target", text_of(source.match));
        out_.end_object();
    }

    void write_rules(const governance::compiled_policy& policy) {
        const auto target = text_of(policy.source->match);
        for (const auto& one : policy.limits) write_rule(one, {target, {}, {}, {}, level_of(one)});
        for (const auto& one : policy.concurrency) {
            const auto seen = one.limiter->look();
            write_rule(one, {target, {}, {}, {}, share(seen.under_way, seen.limit)});
        }
        for (const auto& one : policy.breakers) write_breakers(one, target);
        if (policy.retry.budget) write_rule(policy.retry, {target});
        if (policy.source->timeout) write_rule(policy.timeout, {target});
        if (policy.source->fallback) write_rule(policy.fallback, {target});
    }

    void write_breakers(const governance::compiled_breaker& rule, const std::string& target) {
        std::vector<rule_view> views;
        rule.breakers->each([&](const std::string& name, governance::breaker& which) {
            const auto seen = which.look(now_);
            views.push_back({name, name_of(seen.state), seen.why, seen.since, share(seen.failures, seen.calls)});
        });
        if (views.empty()) return write_rule(rule, {target, "closed"});
        // What a rule decided is counted for all of its breakers together.
        for (const auto& one : views) write_rule(rule, one, views.size() == 1);
    }

    static std::optional<double> share(std::uint64_t part, std::uint64_t all) {
        if (all == 0) return std::nullopt;
        return std::min(1.0, static_cast<double>(part) / static_cast<double>(all));
    }

    /// How much of the burst is used up; nothing where each key has a bucket of its own.
    std::optional<double> level_of(const governance::compiled_limit& one) const {
        if (one.rule->key.from != governance::key_source::kind::none) return std::nullopt;
        const auto burst = one.rule->burst.value_or(std::max(1.0, one.rule->rate.per_second));
        const auto left = one.limiter->look(now_).remaining;
        if (!(burst > 0) || !std::isfinite(left)) return std::nullopt;
        return std::clamp(1 - left / burst, 0.0, 1.0);
    }

    void write_rule(const governance::compiled_rule& rule, const rule_view& seen, bool with_counts = true) {
        if (!has_room(written_, most_policies)) return;
        ++written_;
        const auto name = exchange::rule_name(rule);
        out_.begin_object();
        stands("policy", rule.of->name);
        stands("rule", name);
        out_.text("kind", name_of(rule.kind));
        stands("mode", mode_of(rule.of->mode, rule.shadow));
        stands("target", seen.target);
        stands("state", seen.state);
        if (!seen.why.empty()) out_.text("why", std::string_view{seen.why}.substr(0, text_bytes));
        if (seen.since) out_.quoted("sinceUnixNano", unix_ns_before(*seen.since));
        if (seen.level) out_.number("level", *seen.level);
        if (const auto at = card_.counts.find({rule.of->name, name}); with_counts && at != card_.counts.end()) {
            out_.number("allowed", at->second.allowed);
            out_.number("refused", at->second.refused);
            out_.number("delayed", at->second.delayed);
        }
        out_.end_object();
    }

    void write_rates() {
        out_.begin_object("rates");
        for (const auto& [way, rate] : card_.rates) {
            out_.begin_object(way);
            out_.number("perSecond", rate.per_second);
            out_.number("errorsPerSecond", rate.errors_per_second);
            if (rate.p50_ns) out_.quoted("p50Nano", *rate.p50_ns);
            if (rate.p99_ns) out_.quoted("p99Nano", *rate.p99_ns);
            out_.end_object();
        }
        out_.end_object();
    }

    const own_card& card_;
    const governance::time_point now_;
    const system_clock::time_point wall_;
    encoded_card result_{{}, {}, 0};
    json_writer out_;
    std::size_t written_ = 0;  ///< rules
};

}  // namespace

void add_counts(const exchange::decision_counts& from, rule_count_map& to) {
    from.each([&](const exchange::decision_counts::row& row) {
        const auto of = [&](rule_outcome which) { return row.outcomes[static_cast<std::size_t>(which)].value(); };
        auto& counts = to[{row.policy, row.rule}];
        counts.allowed += of(rule_outcome::passed) + of(rule_outcome::retried) + of(rule_outcome::replaced);
        counts.refused += of(rule_outcome::refused) + of(rule_outcome::degraded) + of(rule_outcome::budget_spent) +
                          of(rule_outcome::timed_out);
        counts.delayed += of(rule_outcome::waited);
    });
}

encoded_card encode(const own_card& card, governance::time_point now, system_clock::time_point wall) {
    return card_writer{card, now, wall}.write();
}

}  // namespace outrider::app
