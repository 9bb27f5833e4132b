#include "sidecar/discovery/health_board.hpp"

#include <algorithm>

namespace outrider::discovery {

using governance::health_fact;
using governance::target_state;

namespace {

constexpr std::size_t most_words = 300;

/// What a peer or a program wrote, as a line that harms nobody's terminal or log.
std::string printable(std::string_view text) {
    std::string out{text.substr(0, most_words)};
    for (auto& c : out)
        if (c < ' ' || c > '~') c = '?';
    return out;
}

health_fact::part part_of(bool required) {
    return required ? health_fact::part::required_dependency : health_fact::part::dependency;
}

}  // namespace

void health_board::add_upstream(const std::string& name, bool required, time_point now) {
    const std::lock_guard held(mutex_);
    upstreams_[name] = {required, now};
}

health_board::target_id health_board::add(const health_target& what, time_point now) {
    const std::lock_guard held(mutex_);
    const auto id = next_++;
    targets_.try_emplace(id, what, now);
    return id;
}

bool health_board::remove(target_id which, time_point now) {
    const std::lock_guard held(mutex_);
    const auto found = targets_.find(which);
    if (found == targets_.end()) return false;
    if (found->second.what.of == target_kind::upstream) upstreams_[found->second.what.name].empty_since = now;
    targets_.erase(found);
    return machine_.judge(facts(), now);
}

bool health_board::judge(time_point now) {
    const std::lock_guard held(mutex_);
    return machine_.judge(facts(), now);
}

health_board::news health_board::note(target_id which, const probe_result& seen, bool timed_out,
                                      governance::nanoseconds took, time_point now) {
    const std::lock_guard held(mutex_);
    const auto found = targets_.find(which);
    if (found == targets_.end()) return {};
    auto& own = found->second;
    ++(seen.good ? own.successes : timed_out ? own.timeouts : own.failures);
    const auto text = printable(seen.text);
    own.results.push_back({now, seen.good, static_cast<double>(took.count()) / 1e6, text});
    if (own.results.size() > kept_results) own.results.pop_front();
    return after(own, own.health.probed(seen.good, text, now), now);
}

health_board::news health_board::note_traffic(target_id which, std::uint32_t failures_in_a_row, time_point now) {
    const std::lock_guard held(mutex_);
    const auto found = targets_.find(which);
    if (found == targets_.end()) return {};
    return after(found->second, found->second.health.traffic(failures_in_a_row, now), now);
}

health_board::news health_board::after(entry& which, bool target_changed, time_point now) {
    news out;
    out.state = which.health.state();
    which.been_up = which.been_up || out.state == target_state::up;
    out.been_up = which.been_up;
    out.target_changed = target_changed;
    if (out.state != target_state::up) out.text = which.health.text();
    // A target that stays up says nothing new.
    if (target_changed || out.state != target_state::up) out.verdict_changed = machine_.judge(facts(), now);
    return out;
}

bool health_board::drain(time_point now) {
    const std::lock_guard held(mutex_);
    return machine_.drain(now);
}

governance::health_verdict health_board::verdict() const {
    const std::lock_guard held(mutex_);
    return machine_.verdict();
}

target_state health_board::state_of(target_id which) const {
    const std::lock_guard held(mutex_);
    const auto found = targets_.find(which);
    return found == targets_.end() ? target_state::unknown : found->second.health.state();
}

std::uint64_t health_board::state_changes() const {
    const std::lock_guard held(mutex_);
    return machine_.state_changes();
}

std::vector<health_board::view> health_board::look() const {
    const std::lock_guard held(mutex_);
    std::vector<view> out;
    for (const auto& [id, each] : targets_)
        out.push_back({each.what.label(), each.what.of, each.what.name,
                       each.what.where.address.port == 0 ? std::string{} : each.what.where.address.text(),
                       each.health.state(), each.health.text(), each.health.state() == target_state::up, each.successes,
                       each.failures, each.timeouts});
    return out;
}

std::vector<health_fact> health_board::facts() const {
    std::vector<health_fact> out;
    for (const auto& [id, each] : targets_) {
        if (each.what.of != target_kind::application) continue;
        const auto& health = each.health;
        out.push_back(
            {health_fact::part::application, health.state(), {each.what.what(), health.text(), health.since()}});
    }
    for (const auto& [name, each] : upstreams_) out.push_back(fact_of(name, each));
    for (const auto& [id, each] : targets_) {
        if (each.what.of != target_kind::kafka) continue;
        const auto& health = each.health;
        out.push_back(
            {part_of(each.what.how.required), health.state(), {each.what.what(), health.text(), health.since()}});
    }
    return out;
}

/// An upstream is down when none of its endpoints may still be up.
health_fact health_board::fact_of(const std::string& name, const upstream& which) const {
    std::size_t all = 0, down = 0;
    health_fact out{part_of(which.required), target_state::up, {"upstream " + name, {}, which.empty_since}};
    for (const auto& [id, each] : targets_) {
        if (each.what.of != target_kind::upstream || each.what.name != name) continue;
        ++all;
        if (each.health.state() != target_state::down) continue;
        ++down;
        out.why.since = std::max(out.why.since, each.health.since());
        if (down == 1) out.why.text = each.what.where.address.text() + ": " + each.health.text();
    }
    if (down < all) return out;
    out.state = target_state::down;
    if (all == 0) out.why.text = "it has no endpoints";
    if (all > 1) out.why.text = "none of its " + std::to_string(all) + " endpoints is up; " + out.why.text;
    return out;
}

}  // namespace outrider::discovery
