#include "sidecar/tools/explain.hpp"

#include <algorithm>
#include <ostream>

#include "governance/admission.hpp"
#include "governance/breaker_table.hpp"
#include "governance/mismatch.hpp"
#include "governance/policy_set.hpp"
#include "sidecar/config/policy_values.hpp"
#include "sidecar/config/units.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {
namespace {

using governance::policy;

std::string_view find_header(const void* message, std::string_view name) {
    for (const auto& [key, value] : static_cast<const explained_exchange*>(message)->headers)
        if (key == name) return value;
    return {};
}

governance::facts facts_of(const explained_exchange& about) {
    governance::facts out;
    out.kind = about.kind;
    out.upstream = about.upstream;
    out.method = about.method;
    out.host = about.host;
    out.path = std::string_view{about.path}.substr(0, about.path.find('?'));
    out.header = {&find_header, &about};
    out.address = about.address;
    out.topic = about.topic;
    out.group = about.group;
    out.client = about.client;
    return out;
}

std::string number(double value) {
    auto text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

std::string shown(std::string_view text) { return tracing::printable(text, false); }
std::string percent(double share) { return number(share * 100) + "%"; }
std::string time(governance::milliseconds value) { return config::duration_text(value); }
std::string place_of(const policy& of) { return of.where.file + ":" + std::to_string(of.where.line); }

class explanation {
  public:
    explanation(const std::vector<policy>& policies, const explained_exchange& about, std::ostream& out)
        : set_(governance::policy_set::compile(policies, nullptr, {})),
          about_(about),
          facts_(facts_of(about)),
          out_(out) {
        set_->match(facts_, matched_);
    }

    void print() {
        headline();
        for (std::size_t i = 0; i < matched_.policies.size(); ++i) print_policy(*matched_.policies[i], i + 1);
        if (matched_.policies.empty()) out_ << "\nno policy matches: it passes\n";
        settings();
        others();
    }

  private:
    void headline() {
        out_ << name_of(about_.kind);
        for (const auto& word : {about_.method, about_.path, about_.topic})
            if (!word.empty()) out_ << ' ' << shown(word);
        auto detail = [&](const char* name, const std::string& value) {
            if (!value.empty()) out_ << ", " << name << ' ' << shown(value);
        };
        detail("upstream", about_.upstream);
        detail("host", about_.host);
        detail("group", about_.group);
        detail("client", about_.client);
        for (const auto& [name, value] : about_.headers) detail((name + ":").c_str(), value);
        out_ << '\n';
    }

    void print_policy(const governance::compiled_policy& one, std::size_t place) {
        const auto& source = *one.source;
        out_ << '\n'
             << place << ". " << source.name << "  (" << place_of(source) << ", "
             << config::mode_value().type->print(&source.mode) << ", matches " << text_of(source.match) << ")\n";
        for (const auto& each : one.limits) limit(each);
        for (const auto& each : one.concurrency) slots(*each.rule);
        for (const auto& each : one.breakers) breaker(each);
    }

    void limit(const governance::compiled_limit& one) {
        const auto& rule = *one.rule;
        auto key = key_value(rule.key, facts_, matched_);
        double asked = rule.of == governance::measure::requests && matched_.cost ? *matched_.cost->source->cost : 1;
        auto said = one.limiter->check(key, asked, {});
        out_ << "   limit        " << rule.rate.text;
        if (rule.of == governance::measure::records) out_ << " records";
        if (auto own = rule.overrides.find(std::string{key}); own != rule.overrides.end())
            out_ << ", for this key " << own->second.text;
        out_ << ", burst " << number(said.burst);
        if (rule.key.from != governance::key_source::kind::none)
            out_ << ", key " << config::key_value().type->print(&rule.key) << " = "
                 << (key.empty() ? "not there: all such exchanges share a bucket" : "\"" + shown(key) + "\"");
        if (rule.scope == governance::scope::fleet) out_ << ", over the fleet";
        out_ << "\n                " << (said.admitted ? "admitted" : "refused: it costs more than the burst")
             << " when it comes alone, " << number(std::max(0.0, said.remaining)) << " of " << number(said.burst)
             << " left\n"
             << "                " << over(rule) << '\n';
    }

    std::string over(const governance::limit_rule& rule) const {
        if (about_.kind == governance::traffic::produce || about_.kind == governance::traffic::consume)
            return "over it: throttled, the client is asked to stay silent for as long as it takes";
        if (rule.over == governance::over_limit::pace)
            return "over it: waits, at most " + std::to_string(rule.queue) + " at once and " + time(rule.longest_wait);
        if (rule.over == governance::over_limit::degrade)
            return matched_.fallback ? "over it: the fallback of " + matched_.fallback->source->name
                                     : "over it: refused with 429, as no fallback matches";
        return "over it: refused with 429";
    }

    void slots(const governance::concurrency_rule& rule) {
        out_ << "   concurrency  ";
        if (rule.adaptive)
            out_ << "adaptive, from " << rule.min << " to " << rule.max << ", begins with " << rule.initial;
        else
            out_ << rule.max << " at once";
        if (rule.queue > 0) out_ << "; " << rule.queue << " more wait up to " << time(rule.longest_wait);
        out_ << "; then refused with 503\n";
    }

    void breaker(const governance::compiled_breaker& one) {
        const auto& rule = *one.rule;
        out_ << "   breaker      of \"" << one.guarded(about_.upstream.empty() ? "app" : about_.upstream)
             << "\" opens on";
        const char* comma = " ";
        auto reason = [&](const std::string& text) {
            out_ << comma << text;
            comma = ", ";
        };
        if (rule.consecutive) reason(std::to_string(*rule.consecutive) + " failures in a row");
        if (rule.failures) reason(percent(*rule.failures) + " failures");
        if (rule.slow) reason(percent(*rule.slow) + " slower than " + time(rule.slow_over));
        out_ << " in " << time(rule.window) << " (from " << rule.min_calls << " calls), for " << time(rule.open)
             << '\n';
        if (rule.forced != governance::breaker_force::none) out_ << "                is forced by the policy\n";
    }

    /// "setting    policy (instead of others)".
    template <typename Has>
    void setting(const char* name, const governance::compiled_policy* chosen, Has has, const std::string& value) {
        if (!chosen) return;
        if (!any_setting_) out_ << "\nsettings that count\n";
        any_setting_ = true;
        out_ << "   " << name << std::string(13 - std::min<std::size_t>(12, std::string_view{name}.size()), ' ')
             << value << "  (" << chosen->source->name;
        for (std::size_t i = 0; i < matched_.policies.size(); ++i) {
            const auto* other = matched_.policies[i];
            if (other != chosen && has(*other->source) && other->source->mode == governance::mode::enforce)
                out_ << ", narrower than " << other->source->name;
        }
        out_ << ")\n";
    }

    void settings() {
        const auto& m = matched_;
        setting(
            "timeout", m.timeout, [](const policy& p) { return p.timeout.has_value(); },
            m.timeout ? timeout_text(*m.timeout->source->timeout) : "");
        setting(
            "retry", m.retry, [](const policy& p) { return p.retry.has_value(); },
            m.retry ? retry_text(*m.retry->source->retry) : "");
        setting(
            "fallback", m.fallback, [](const policy& p) { return p.fallback.has_value(); },
            m.fallback ? fallback_text(*m.fallback->source->fallback) : "");
        setting(
            "balance", m.balance, [](const policy& p) { return p.balance.has_value(); }, "over the endpoints");
        setting(
            "eject", m.eject, [](const policy& p) { return p.eject.has_value(); },
            m.eject ? "at most " + percent(m.eject->source->eject->most) + " of the endpoints" : "");
        static constexpr const char* levels[] = {"low", "normal", "high", "critical"};
        setting(
            "priority", m.priority, [](const policy& p) { return p.priority.has_value(); },
            m.priority ? levels[static_cast<std::size_t>(*m.priority->source->priority)] : "");
        setting(
            "cost", m.cost, [](const policy& p) { return p.cost.has_value(); },
            m.cost ? "counts as " + std::to_string(*m.cost->source->cost) : "");
    }

    static std::string timeout_text(const governance::timeout_rule& rule) {
        std::string out;
        auto add = [&](const char* name, const std::optional<governance::milliseconds>& value) {
            if (value) out += (out.empty() ? "" : ", ") + std::string{name} + " " + time(*value);
        };
        add("connect", rule.connect);
        add("first byte", rule.first_byte);
        add("idle", rule.idle);
        add("total", rule.total);
        return out;
    }

    static std::string retry_text(const governance::retry_rule& rule) {
        std::string when;
        auto add = [&](const std::string& text) { when += (when.empty() ? "" : ", ") + text; };
        if (rule.on_connect) add("connect");
        if (rule.on_reset) add("reset");
        if (rule.on_timeout) add("timeout");
        for (auto status : rule.statuses) add(std::to_string(status));
        return std::to_string(rule.attempts) + " attempts in all on " + when + ", budget " + percent(rule.budget);
    }

    static std::string fallback_text(const governance::fallback_rule& rule) {
        std::string out;
        if (rule.stale.count() > 0) out = "the last good answer up to " + time(rule.stale) + " old";
        if (!rule.has_body) return out;
        return out + (out.empty() ? "" : ", else ") + std::to_string(rule.status) + " " +
               (rule.file.empty() ? "with its body" : rule.file);
    }

    void others() {
        bool first = true;
        for (const auto& each : set_->sources()) {
            bool disabled = each.mode == governance::mode::disabled;
            auto why = disabled ? "it is disabled" : mismatch(each.match, facts_);
            if (why.empty()) continue;
            if (first) out_ << "\npolicies that do not match\n";
            first = false;
            out_ << "   " << each.name << "  (" << place_of(each) << "): " << shown(why) << '\n';
        }
    }

    std::shared_ptr<const governance::policy_set> set_;
    const explained_exchange& about_;
    governance::facts facts_;
    governance::matched matched_;
    std::ostream& out_;
    bool any_setting_ = false;
};

}  // namespace

void explain(const std::vector<policy>& policies, const explained_exchange& about, std::ostream& out) {
    explanation{policies, about, out}.print();
}

}  // namespace outrider::tools
