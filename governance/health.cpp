#include "governance/health.hpp"

#include <algorithm>

namespace outrider::governance {

std::string_view name_of(target_state which) {
    switch (which) {
        case target_state::unknown:
            return "unknown";
        case target_state::up:
            return "up";
        case target_state::down:
            return "down";
    }
    return "";
}

std::string_view name_of(health_state which) {
    switch (which) {
        case health_state::starting:
            return "starting";
        case health_state::healthy:
            return "healthy";
        case health_state::degraded:
            return "degraded";
        case health_state::draining:
            return "draining";
        case health_state::unhealthy:
            return "unhealthy";
    }
    return "";
}

// ------------------------------------------------------------------------------------------------------- one target

target_health::target_health(hysteresis by, time_point created)
    : by_{std::max(by.rise, 1U), std::max(by.fall, 1U)}, since_(created) {}

bool target_health::probed(bool good, std::string_view text, time_point now) {
    since_change_ = std::min(since_change_ + 1, window());
    good_ = good;
    if (good) {
        ++successes_;
        failures_ = traffic_failures_ = 0;
    } else {
        ++failures_;
        successes_ = 0;
    }
    if (!good) text_ = text;
    const bool changed = decide(now);
    // The last failure goes on being the reason while a success is not believed yet.
    if (good && state_ == target_state::up) text_ = text;
    return changed;
}

bool target_health::traffic(std::uint32_t failures_in_a_row, time_point now) {
    if (failures_in_a_row < traffic_seen_) traffic_seen_ = traffic_failures_ = 0;  // one succeeded meanwhile
    const auto fresh = failures_in_a_row - traffic_seen_;
    traffic_seen_ = failures_in_a_row;
    if (fresh == 0 || state_ == target_state::down) return false;
    traffic_failures_ += fresh;
    since_change_ = std::min(since_change_ + std::min(fresh, window()), window());
    good_ = false;
    successes_ = 0;
    if (failures_ + traffic_failures_ < by_.fall) return false;
    text_ = std::to_string(failures_in_a_row) + (failures_in_a_row == 1 ? " request" : " requests in a row") +
            " got no answer from it";
    return decide(now);
}

bool target_health::decide(time_point now) {
    if (state_ != target_state::up && successes_ >= by_.rise) return become(target_state::up, now);
    if (state_ != target_state::down && failures_ + traffic_failures_ >= by_.fall)
        return become(target_state::down, now);
    return false;
}

bool target_health::become(target_state next, time_point now) {
    if (state_ != target_state::unknown && since_change_ < window()) return false;
    since_change_ = 0;
    state_ = next;
    since_ = now;
    return true;
}

// ------------------------------------------------------------------------------------------------------- the verdict

std::string health_verdict::why() const {
    std::string out;
    for (const auto& reason : reasons) out.append(out.empty() ? "" : "; ").append(reason.line());
    return out;
}

health_machine::health_machine(time_point created) {
    verdict_.since = created;
    changes_.push_back({verdict_, created});
}

health_state health_machine::next(const std::vector<health_fact>& facts) {
    using part = health_fact::part;
    auto any = [&](part of, auto&& fits) {
        return std::any_of(facts.begin(), facts.end(), [&](const auto& each) { return each.of == of && fits(each); });
    };
    auto down = [](const health_fact& each) { return each.state == target_state::down; };
    auto not_up = [](const health_fact& each) { return each.state != target_state::up; };
    if (!been_up_ && any(part::application, not_up)) return health_state::starting;
    been_up_ = true;
    if (any(part::application, down) || any(part::required_dependency, down)) return health_state::unhealthy;
    return any(part::dependency, down) ? health_state::degraded : health_state::healthy;
}

bool health_machine::judge(const std::vector<health_fact>& facts, time_point now) {
    if (verdict_.state == health_state::draining) return false;
    health_verdict judged{next(facts), verdict_.since, {}};
    std::vector<target_state> told;
    for (const auto& fact : facts) {
        const bool counts = fact.of == health_fact::part::application ? fact.state != target_state::up
                                                                      : fact.state == target_state::down;
        if (!counts) continue;
        judged.reasons.push_back(fact.why);
        told.push_back(fact.state);
    }
    const bool same = judged.state == verdict_.state && told == told_ &&
                      std::equal(judged.reasons.begin(), judged.reasons.end(), verdict_.reasons.begin(),
                                 verdict_.reasons.end(), [](const auto& a, const auto& b) { return a.what == b.what; });
    told_ = std::move(told);
    if (same) {
        verdict_.reasons = std::move(judged.reasons);
        return false;
    }
    take(std::move(judged), now);
    return true;
}

bool health_machine::drain(time_point now) {
    if (verdict_.state == health_state::draining) return false;
    take({health_state::draining, now, {{"sidecar", "it was told to stop", now}}}, now);
    return true;
}

void health_machine::take(health_verdict next, time_point now) {
    if (next.state != verdict_.state) {
        next.since = now;
        ++state_changes_;
    }
    verdict_ = std::move(next);
    changes_.push_back({verdict_, now});
    if (changes_.size() > kept_changes) changes_.pop_front();
}

}  // namespace outrider::governance
