#include "tracing/chains/chain_surroundings.hpp"

#include "tracing/chains/chain_rows.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t most_groups = 64, most_effects = 8;
constexpr std::size_t enough_outcomes = 4;

}  // namespace

std::string_view group_of(const span_data& span) {
    return text_attribute(span.attributes, "messaging.consumer.group.name");
}

void chain_surroundings::learn(std::span<const span_data> spans) {
    for (const auto& span : spans) learn(span);
}

void chain_surroundings::learn(const span_data& span) {
    if (span.kind == span_kind::server && tellers_.size() < most_names_) tellers_.emplace(service_of(span));
    const auto topic = topic_of(span);
    const auto group = group_of(span);
    if (topic.empty() || group.empty() || (!is_process(span) && !is_poll(span))) return;
    auto at = groups_.find(topic);
    if (at == groups_.end()) {
        if (groups_.size() >= most_names_) return;
        at = groups_.emplace(topic, names{}).first;
    }
    if (at->second.size() < most_groups) at->second.emplace(group);
}

void chain_surroundings::learn(const chain& one) {
    const auto parents = parents_of(one);
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
        const auto* span = one.rows[i].span;
        if (span == nullptr) continue;
        learn(*span);
        const auto* caller = parents[i] == no_row ? nullptr : one.rows[parents[i]].span;
        if (span->kind != span_kind::server || caller == nullptr || tellers_.size() >= most_names_) continue;
        if (auto name = text_attribute(caller->attributes, "peer.service"); !name.empty()) tellers_.emplace(name);
    }
    // Who asks each service for its chains gets most of them several times.
    if (learned_.size() < most_names_ && learned_.insert(one.trace).second) count_outcomes(one, parents);
}

void chain_surroundings::learn_outcomes(const chain& one) {
    if (learned_.size() >= most_names_) learned_.clear();
    if (learned_.insert(one.trace).second) count_outcomes(one, parents_of(one));
}

bool chain_surroundings::outcomes::nearly_always_but(std::uint64_t start_unix_ns) const {
    auto first = taken.lower_bound(start_unix_ns), last = first;
    while (first != taken.begin() && !std::prev(first)->second) --first;
    while (last != taken.end() && !last->second) ++last;
    std::size_t all = 0, followed = 0;
    const auto count = [&](auto from, auto to) {
        for (; from != to; ++from) {
            ++all;
            followed += from->second ? 1 : 0;
        }
    };
    count(taken.begin(), first);
    count(last, taken.end());
    return followed >= enough_outcomes && followed * 10 >= (all - 1) * 9;  // what came of one may hang elsewhere
}

std::vector<std::size_t> takers_above(const chain& one, const std::vector<std::size_t>& parents) {
    std::vector<std::size_t> takers(one.rows.size(), no_row);
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
        const auto above = parents[i];
        const auto* span = one.rows[i].span;
        const bool queued = above != no_row && one.rows[above].join == chain_join::queue;
        const bool takes = span != nullptr && (is_process(*span) || (is_poll(*span) && queued));
        takers[i] = takes ? i : above == no_row ? no_row : takers[above];
    }
    return takers;
}

void chain_surroundings::count_outcomes(const chain& one, const std::vector<std::size_t>& parents) {
    const auto takers = takers_above(one, parents);
    std::map<std::size_t, outcomes*> known;
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
        const auto* span = one.rows[i].span;
        if (span == nullptr || takers[i] == no_row) continue;
        if (takers[i] == i) {
            const auto key = std::pair{std::string{service_of(*span)}, std::string{topic_of(*span)}};
            if (outcomes_.size() >= most_names_ && !outcomes_.contains(key)) continue;
            auto& of = outcomes_[key];
            if (of.taken.size() >= most_records_) of.taken.erase(of.taken.begin());
            of.taken.emplace(span->start_unix_ns, false);
            known[i] = &of;
        } else if (is_send(*span) || is_call(*span)) {
            const auto found = known.find(takers[i]);
            if (found == known.end()) continue;
            auto& [taker, of] = *found;
            of->taken[one.rows[taker].span->start_unix_ns] = true;
            const auto effect = is_send(*span) ? topic_of(*span) : std::string_view{one.rows[i].peer};
            if (!effect.empty() && of->effects.size() < most_effects) of->effects.emplace(effect);
        }
    }
}

const chain_surroundings::outcomes* chain_surroundings::outcomes_of(std::string_view service,
                                                                    std::string_view topic) const {
    const auto found = outcomes_.find({std::string{service}, std::string{topic}});
    return found == outcomes_.end() ? nullptr : &found->second;
}

const std::set<std::string, std::less<>>& chain_surroundings::groups_of(std::string_view topic) const {
    static const names none;
    const auto found = groups_.find(topic);
    return found == groups_.end() ? none : found->second;
}

}  // namespace outrider::tracing
