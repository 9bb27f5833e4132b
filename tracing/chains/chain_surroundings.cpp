#include "tracing/chains/chain_surroundings.hpp"

#include "tracing/chains/chain_rows.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t most_names = 10'000, most_groups = 64;

}  // namespace

std::string_view group_of(const span_data& span) {
    return text_attribute(span.attributes, "messaging.consumer.group.name");
}

void chain_surroundings::learn(std::span<const span_data> spans) {
    for (const auto& span : spans) learn(span);
}

void chain_surroundings::learn(const span_data& span) {
    if (span.kind == span_kind::server && tellers_.size() < most_names) tellers_.emplace(service_of(span));
    const auto topic = topic_of(span);
    const auto group = group_of(span);
    if (topic.empty() || group.empty() || (!is_process(span) && !is_poll(span))) return;
    auto at = groups_.find(topic);
    if (at == groups_.end()) {
        if (groups_.size() >= most_names) return;
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
        if (span->kind != span_kind::server || caller == nullptr || tellers_.size() >= most_names) continue;
        if (auto name = text_attribute(caller->attributes, "peer.service"); !name.empty()) tellers_.emplace(name);
    }
}

const std::set<std::string, std::less<>>& chain_surroundings::groups_of(std::string_view topic) const {
    static const names none;
    const auto found = groups_.find(topic);
    return found == groups_.end() ? none : found->second;
}

}  // namespace outrider::tracing
