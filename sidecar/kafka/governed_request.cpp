#include "sidecar/kafka/governed_request.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace outrider::kafka {
namespace {

/// So many topics of a request are told apart in spans.
constexpr std::size_t most_applied = 100;

}  // namespace

std::int32_t throttle_time(governance::time_point until, governance::time_point now) {
    if (until <= now) return 0;
    auto left = std::chrono::ceil<governance::milliseconds>(until - now).count();
    return static_cast<std::int32_t>(std::min<std::int64_t>(left, std::numeric_limits<std::int32_t>::max()));
}

governance::time_point note_throttle(exchange::messaging_metrics& into, api key, governance::time_point until,
                                     governance::time_point now) {
    if (until <= now) return until;
    auto& row = into.of(static_cast<std::int16_t>(key));
    row.policy_throttled.add();
    row.policy_throttle_milliseconds.add(static_cast<std::uint64_t>(throttle_time(until, now)));
    return until;
}

governed_request::governed_request(cluster_path& path, governance::traffic kind, const conversation& talk)
    : path_(path),
      kind_(kind),
      in_use_(path.policies.in_use()),
      client_(talk.client_id),
      address_(talk.peer_address),
      principal_(talk.principal) {
    if (kind == governance::traffic::consume) group_ = path.cluster.group_of(client_);
}

governance::facts governed_request::facts_of(std::string_view topic) const {
    governance::facts out;
    out.kind = kind_;
    out.upstream = path_.cluster.name;
    out.topic = topic;
    out.client = client_;
    out.group = group_;
    out.address = address_;
    out.principal = principal_;
    return out;
}

void governed_request::charge(std::string_view topic, const governance::amounts& amount, governance::time_point now) {
    const auto facts = facts_of(topic);
    const auto& matched = path_.policies.match(*in_use_->set, facts);
    if (matched.policies.empty()) return;
    const auto which = limits_asked_ ? governance::throttled::all_but_refusing : governance::throttled::all;
    const auto said = governance::throttle(matched, facts, amount, now, in_use_->counter(), which);
    if (said.shadow) note(topic, *said.shadow, "shadow_throttled", {});
    if (said.verdict == governance::verdict::go) return;
    note(topic, *said.by, "throttled", said.wait);
    silent_until_ = std::max(silent_until_, now + said.wait);
}

const governance::decision& governed_request::ask(const governance::compiled_policy& policy,
                                                  governance::time_point now) {
    for (const auto& each : asked_)
        if (each.policy == &policy) return each.said;
    auto& added = asked_.emplace_back();
    added.policy = &policy;
    governance::matched only;
    only.policies.push_back(&policy);
    added.said = added.permit.ask(only, path_.cluster.name, now, in_use_->counter());
    return added.said;
}

std::optional<governed_request::refusal> governed_request::refused_by_breaker(std::string_view topic,
                                                                              governance::time_point now) {
    const auto& matched = path_.policies.match(*in_use_->set, facts_of(topic));
    for (std::size_t i = 0; i < matched.policies.size(); ++i) {
        if (matched.policies[i]->breakers.empty()) continue;
        const auto& said = ask(*matched.policies[i], now);
        if (said.shadow) note(topic, *said.shadow, "shadow_refused", {});
        if (said.verdict != governance::verdict::refuse) continue;
        auto out = refuse(topic, said);
        out.comes_again = true;
        return out;
    }
    return {};
}

std::optional<governed_request::refusal> governed_request::refused_by_limit(std::string_view topic,
                                                                            const governance::amounts& amount,
                                                                            governance::time_point now) {
    limits_asked_ = true;
    const auto facts = facts_of(topic);
    const auto& matched = path_.policies.match(*in_use_->set, facts);
    const auto said = governance::admit_or_refuse(matched, facts, amount, now, in_use_->counter());
    if (said.shadow) note(topic, *said.shadow, "shadow_refused", {});
    if (said.verdict != governance::verdict::refuse) return {};
    return refuse(topic, said);
}

governed_request::refusal governed_request::refuse(std::string_view topic, const governance::decision& said) {
    note(topic, *said.by, "refused", {});
    refusal out;
    out.by = said.by;
    out.message = "policy '" + said.by->of->name + "' (" + exchange::rule_name(*said.by) + ") refuses it";
    return out;
}

void governed_request::ask_breakers(governance::traffic kind, governance::time_point now) {
    kind_ = kind;
    const auto& matched = path_.policies.match(*in_use_->set, facts_of({}));
    for (std::size_t i = 0; i < matched.policies.size(); ++i)
        if (!matched.policies[i]->breakers.empty()) (void)ask(*matched.policies[i], now);
}

void governed_request::finish(governance::outcome how, governance::nanoseconds took, governance::time_point now) {
    for (auto& each : asked_) each.permit.finish(how, took, now);
}

void note_unreachable(cluster_path& path, const conversation& talk) {
    std::optional<governed_request> of;
    const auto now = exchange::steady_clock::now();
    for (auto kind : {governance::traffic::produce, governance::traffic::consume}) {
        if (!path.policies.of(kind).breakers) continue;
        if (!of) of.emplace(path, kind, talk);
        of->ask_breakers(kind, now);
    }
    if (of) of->finish(governance::outcome::failure, {}, now);
}

bool says_ill(std::int16_t error) {
    constexpr std::array<std::int16_t, 5> ill{
        -1,  // UNKNOWN_SERVER_ERROR
        7,   // REQUEST_TIMED_OUT
        19,  // NOT_ENOUGH_REPLICAS
        20,  // NOT_ENOUGH_REPLICAS_AFTER_APPEND
        56,  // KAFKA_STORAGE_ERROR
    };
    return std::find(ill.begin(), ill.end(), error) != ill.end();
}

/// What is done outweighs what would have been done.
void governed_request::note(std::string_view topic, const governance::compiled_rule& by, std::string_view decision,
                            governance::nanoseconds wait) {
    auto at = std::find_if(applied_.begin(), applied_.end(), [&](const applied& each) { return each.topic == topic; });
    if (at == applied_.end()) {
        if (applied_.size() >= most_applied) return;
        at = applied_.insert(at, applied{std::string{topic}, {}, nullptr, {}, {}});
    }
    at->by = &by;
    at->rule = exchange::rule_name(by);
    at->decision = decision;
    at->throttle = std::chrono::ceil<governance::milliseconds>(wait);
}

exchange::messaging_ruling governed_request::ruling_of(std::string_view topic) const {
    for (const auto& each : applied_)
        if (each.topic == topic) return {each.by->of->name, each.rule, each.decision, each.throttle.count()};
    return {};
}

}  // namespace outrider::kafka
