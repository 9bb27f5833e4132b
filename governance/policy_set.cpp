#include "governance/policy_set.hpp"

#include <algorithm>

#include "governance/breaker_table.hpp"
#include "governance/glob.hpp"
#include "governance/match_specificity.hpp"
#include "governance/path_template.hpp"
#include "governance/policy_index.hpp"

namespace outrider::governance {

struct policy_set::parts {
    std::vector<policy> sources;
    std::vector<compiled_policy> compiled;
    std::vector<path_template> paths;  ///< as compiled
    std::vector<const compiled_rule*> rules;
    policy_index index;
    std::string version;
};

policy_set::policy_set() : parts_(std::make_unique<parts>()) {}
policy_set::~policy_set() = default;

const std::vector<compiled_policy>& policy_set::policies() const { return parts_->compiled; }
const std::vector<policy>& policy_set::sources() const { return parts_->sources; }
const std::vector<const compiled_rule*>& policy_set::rules() const { return parts_->rules; }
const std::string& policy_set::version() const { return parts_->version; }
bool policy_set::empty() const { return parts_->compiled.empty(); }

const compiled_policy* policy_set::find(std::string_view name) const {
    for (const auto& each : parts_->compiled)
        if (each.source->name == name) return &each;
    return nullptr;
}

std::string_view compiled_breaker::guarded(std::string_view upstream) const {
    if (operation.empty()) return upstream;
    thread_local std::string name;
    name.assign(upstream).append(" ").append(operation);
    return name;
}

void matched::clear() {
    policies.clear();
    candidates.clear();
    parameters.clear();
    timeout = retry = eject = balance = fallback = priority = cost = nullptr;
}

namespace {

/// Builds one policy's rules; state comes from the former set where name, mode's meaning and rule are the same.
class compiler {
  public:
    compiler(const policy_set* former, const policy_set::options& with) : former_(former), with_(with) {}

    compiled_policy compile(const policy& from) {
        compiled_policy out;
        out.source = &from;
        out.specificity = specificity(from.match);
        before_ = former_ ? former_->find(from.name) : nullptr;
        for (std::uint32_t i = 0; i < from.limits.size(); ++i) out.limits.push_back(limit(from, i));
        for (std::uint32_t i = 0; i < from.concurrency.size(); ++i) out.concurrency.push_back(slots(from, i));
        for (std::uint32_t i = 0; i < from.breakers.size(); ++i) out.breakers.push_back(breakers(from, i));
        describe(out.timeout, from, rule_kind::timeout, 0);
        describe(out.fallback, from, rule_kind::fallback, 0);
        describe(out.retry, from, rule_kind::retry, 0);
        if (from.retry) retry(out.retry, *from.retry);
        return out;
    }

  private:
    static void describe(compiled_rule& rule, const policy& of, rule_kind kind, std::uint32_t index) {
        rule.of = &of;
        rule.kind = kind;
        rule.index = index;
        rule.shadow = of.mode == mode::shadow;
    }

    /// The former rule at this place when it says the same; else null.
    template <typename Compiled, typename Rule>
    static const Compiled* unchanged(const std::vector<Compiled>* rules, std::uint32_t index, const Rule& now) {
        if (!rules || index >= rules->size() || !(*(*rules)[index].rule == now)) return nullptr;
        return &(*rules)[index];
    }

    compiled_limit limit(const policy& from, std::uint32_t index) {
        compiled_limit out;
        describe(out, from, rule_kind::limit, index);
        out.rule = &from.limits[index];
        double share = out.rule->scope == scope::fleet ? with_.fleet_share : 1;
        if (auto* same = unchanged(before_ ? &before_->limits : nullptr, index, *out.rule)) {
            out.limiter = same->limiter;
            out.limiter->set_share(share);
            out.fleet = same->fleet;
        } else {
            out.limiter = std::make_shared<rate_limiter>(*out.rule, with_.now, share);
            if (out.rule->scope == scope::fleet && with_.fleet) out.fleet = with_.fleet(from, index, *out.rule);
        }
        return out;
    }

    compiled_concurrency slots(const policy& from, std::uint32_t index) {
        compiled_concurrency out;
        describe(out, from, rule_kind::concurrency, index);
        out.rule = &from.concurrency[index];
        auto* same = unchanged(before_ ? &before_->concurrency : nullptr, index, *out.rule);
        out.limiter = same ? same->limiter : std::make_shared<concurrency_limiter>(*out.rule, with_.now);
        return out;
    }

    compiled_breaker breakers(const policy& from, std::uint32_t index) {
        compiled_breaker out;
        describe(out, from, rule_kind::breaker, index);
        out.rule = &from.breakers[index];
        if (out.rule->per == breaker_scope::operation)
            out.operation = (from.match.method.empty() ? "*" : from.match.method) + " " +
                            (from.match.path.empty() ? "*" : from.match.path);
        auto* same = unchanged(before_ ? &before_->breakers : nullptr, index, *out.rule);
        out.breakers = same ? same->breakers : std::make_shared<breaker_table>(*out.rule, with_.now);
        return out;
    }

    void retry(compiled_retry& out, const retry_rule& rule) {
        out.rule = &rule;
        bool same = before_ && before_->retry.rule && *before_->retry.rule == rule;
        out.budget = same ? before_->retry.budget : std::make_shared<retry_budget>(rule, with_.now);
    }

    const policy_set* former_;
    policy_set::options with_;
    const compiled_policy* before_ = nullptr;
};

bool holds(const std::string& glob, std::string_view value) { return glob.empty() || fits(glob, value); }

bool matches(const match& by, const path_template& path, const facts& of, std::string_view normal, matched& out) {
    if (by.kind && *by.kind != of.kind) return false;
    if (!by.method.empty() && by.method != of.method) return false;
    if (!holds(by.upstream, of.upstream) || !holds(by.cluster, of.upstream) || !holds(by.host, of.host)) return false;
    if (!holds(by.topic, of.topic) || !holds(by.group, of.group) || !holds(by.client, of.client)) return false;
    for (const auto& [name, glob] : by.headers) {
        auto value = of.header(name);
        if (value.empty() || !fits(glob, value)) return false;
    }
    if (by.path.empty()) return true;
    auto parameters = out.parameters.size();
    auto keep = [&](std::string_view name, std::string_view value) { out.parameters.push_back({name, value}); };
    if (path.read(normal, keep)) return true;
    out.parameters.resize_down(parameters);
    return false;
}

/// The most specific policy that has the setting; the first of equals.
void settle(const compiled_policy& one, bool has, const compiled_policy*& chosen) {
    if (has && (!chosen || one.specificity > chosen->specificity)) chosen = &one;
}

void settle_all(const compiled_policy& one, matched& out) {
    const auto& source = *one.source;
    if (source.mode != mode::enforce) return;
    settle(one, source.timeout.has_value(), out.timeout);
    settle(one, source.retry.has_value(), out.retry);
    settle(one, source.eject.has_value(), out.eject);
    settle(one, source.balance.has_value(), out.balance);
    settle(one, source.fallback.has_value(), out.fallback);
    settle(one, source.priority.has_value(), out.priority);
    settle(one, source.cost.has_value(), out.cost);
}

void number(compiled_rule& rule, std::vector<const compiled_rule*>& all) {
    rule.number = static_cast<rule_number>(std::min<std::size_t>(all.size(), 0xffff));
    all.push_back(&rule);
}

}  // namespace

std::shared_ptr<const policy_set> policy_set::compile(std::vector<policy> policies, const policy_set* former,
                                                      const options& with) {
    std::shared_ptr<policy_set> made{new policy_set};
    auto& to = *made->parts_;
    to.sources = std::move(policies);
    to.version = with.version;
    compiler work{former, with};
    to.compiled.reserve(to.sources.size());
    for (const auto& source : to.sources) {
        if (source.mode == mode::disabled) continue;
        to.index.add(source.match, static_cast<std::uint32_t>(to.compiled.size()));
        to.paths.push_back(path_template::parse(source.match.path));
        to.compiled.push_back(work.compile(source));
    }
    for (auto& each : to.compiled) {
        for (auto& rule : each.limits) number(rule, to.rules);
        for (auto& rule : each.concurrency) number(rule, to.rules);
        for (auto& rule : each.breakers) number(rule, to.rules);
        if (each.source->timeout) number(each.timeout, to.rules);
        if (each.source->retry) number(each.retry, to.rules);
        if (each.source->fallback) number(each.fallback, to.rules);
    }
    return made;
}

void policy_set::match(const facts& of, matched& out) const {
    out.clear();
    if (parts_->compiled.empty()) return;
    auto path = of.path.empty() ? of.path : normal_path(of.path, out.normal_path);
    auto& found = out.candidates;
    parts_->index.candidates(of, path, found);
    // Few: an insertion sort into the order of the files, in which parameters are found and policies are told.
    for (std::size_t i = 1; i < found.size(); ++i)
        for (std::size_t j = i; j > 0 && found[j] < found[j - 1]; --j) std::swap(found[j], found[j - 1]);
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto& one = parts_->compiled[found[i]];
        if (!matches(one.source->match, parts_->paths[found[i]], of, path, out)) continue;
        out.policies.push_back(&one);
        settle_all(one, out);
    }
}

}  // namespace outrider::governance
