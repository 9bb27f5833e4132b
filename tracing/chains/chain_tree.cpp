#include "tracing/chains/chain_tree.hpp"

#include <algorithm>
#include <set>

#include "tracing/messaging_span.hpp"

namespace outrider::tracing {

bool chain_tree::add(const span_data& span) {
    auto& taken = places_[{span.trace, span.span}];
    auto& here = receives(span) ? taken.receiver : taken.sender;
    if (here != none) return false;
    here = nodes_.size();
    nodes_.emplace_back(&span, span.trace, span.span, span.start_unix_ns);
    return true;
}

void chain_tree::connect() {
    fold_anchors();
    index_sends();
    auto spans = nodes_.size();  // gaps are added behind them
    for (std::size_t i = 0; i < spans; ++i) {
        if (nodes_[i].folded_into != none) continue;
        auto [parent, join] = join_of(i);
        nodes_[i].join = join;
        nodes_[i].parent = parent;
    }
    mark_takers();
    index_takers();
    adopt_by_takers();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].parent != none) nodes_[nodes_[i].parent].children.push_back(i);
    }
    for (auto& one : nodes_) {
        sort(one.children);
        // The poll beside a process began with it; it follows what came of the records.
        std::stable_partition(one.children.begin(), one.children.end(), [this](auto child) {
            const auto* span = nodes_[child].span;
            return span == nullptr || !is_poll(*span) || nodes_[child].takes;
        });
    }
    cut_circles();
}

chain_tree::joined chain_tree::join_of(std::size_t at) {
    const auto& span = *nodes_[at].span;
    const auto& own = places_.at({span.trace, span.span});
    if (own.receiver == at && own.sender != none) return {own.sender, chain_join::parent};
    if (is_process(span)) {
        if (auto send = send_by_offset(at); send != none) {
            const bool is_parent = span.parent.valid() && find({span.trace, span.parent}) == send;
            return {send, is_parent ? chain_join::parent : chain_join::offset};
        }
    }
    if (!span.parent.valid()) return link_of(at);
    auto parent = find({span.trace, span.parent});
    if (parent == none) return {gap_for(span), chain_join::parent};
    return parent == at ? joined{none, chain_join::cycle} : joined{parent, chain_join::parent};
}

/// Where a span without a parent goes: under the first span it links to that is here.
chain_tree::joined chain_tree::link_of(std::size_t at) const {
    const auto& span = *nodes_[at].span;
    for (const auto& link : span.links) {
        const span_key key{link.trace, link.span};
        const auto target = find(key);
        if (target == none || target == at) continue;
        const bool of_messages = is_poll(span) || is_process(span);
        const auto send = of_messages ? only_send_below(key, topic_of(span)) : none;
        return {send != none ? send : target, chain_join::link};
    }
    return {none, chain_join::root};
}

std::size_t chain_tree::find(const span_key& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? none : found->second.inner();
}

std::size_t chain_tree::gap_for(const span_data& child) {
    auto [at, added] = gaps_.try_emplace({child.trace, child.parent}, nodes_.size());
    if (added) {
        nodes_.emplace_back(nullptr, child.trace, child.parent, child.start_unix_ns);
        nodes_.back().join = chain_join::gap;
    }
    auto& gap = nodes_[at->second];
    gap.start = std::min(gap.start, child.start_unix_ns);
    return at->second;
}

bool chain_tree::before(std::size_t a, std::size_t b) const {
    return std::tie(nodes_[a].start, nodes_[a].id, a) < std::tie(nodes_[b].start, nodes_[b].id, b);
}

void chain_tree::sort(std::vector<std::size_t>& indexes) const {
    std::sort(indexes.begin(), indexes.end(), [this](auto a, auto b) { return before(a, b); });
}

// Whatever hangs from no root hangs from a circle: each node has one parent, so there is exactly one above it.
void chain_tree::cut_circles() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].parent == none) reach(i);
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].reached) continue;
        auto first = earliest_on_circle_above(i);
        auto& siblings = nodes_[nodes_[first].parent].children;
        siblings.erase(std::find(siblings.begin(), siblings.end(), first));
        nodes_[first].parent = none;
        nodes_[first].join = chain_join::cycle;
        reach(first);
    }
}

void chain_tree::reach(std::size_t from) {
    std::vector<std::size_t> open{from};
    while (!open.empty()) {
        auto& one = nodes_[open.back()];
        open.pop_back();
        one.reached = true;
        open.insert(open.end(), one.children.begin(), one.children.end());
    }
}

std::size_t chain_tree::earliest_on_circle_above(std::size_t at) const {
    std::set<std::size_t> seen;
    while (seen.insert(at).second) at = nodes_[at].parent;
    auto earliest = at;
    for (auto i = nodes_[at].parent; i != at; i = nodes_[i].parent) {
        if (before(i, earliest)) earliest = i;
    }
    return earliest;
}

}  // namespace outrider::tracing
