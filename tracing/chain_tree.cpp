#include "tracing/chain_tree.hpp"

#include <algorithm>
#include <set>

#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t none = chain_tree::none;
constexpr std::size_t overlapping_sends = 16;  // that are looked at: ranges of one partition overlap only by accident

bool receives(const span_data& span) { return span.kind == span_kind::server || span.kind == span_kind::consumer; }

}  // namespace

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
    adopt_by_process();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].parent != none) nodes_[nodes_[i].parent].children.push_back(i);
    }
    for (auto& one : nodes_) sort(one.children);
    cut_circles();
}

// What a send links to is the context in its records: an anchor, or the anchor that was not received.
void chain_tree::fold_anchors() {
    std::map<span_key, std::size_t> sends;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const auto& span = *nodes_[i].span;
        if (!is_send(span) || is_anchor(span)) continue;
        for (const auto& link : span.links) {
            const auto target = find({link.trace, link.span});
            if (target != none && !is_anchor(*nodes_[target].span)) continue;
            auto [at, added] = sends.try_emplace({link.trace, link.span}, i);
            if (!added && before(i, at->second)) at->second = i;
        }
    }
    for (const auto& [key, send] : sends) {
        if (const auto anchor = find(key); anchor != none) nodes_[anchor].folded_into = send;
        places_[key] = {send, none};
    }
}

void chain_tree::index_sends() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const auto& span = *nodes_[i].span;
        if (nodes_[i].folded_into != none || !is_send(span)) continue;
        if (auto range = records_of(span); range.count > 0)
            sends_by_offset_[{span.trace, range.topic, range.partition}].emplace_back(range.first, i);
        if (span.parent.valid() && !topic_of(span).empty())
            sends_by_cause_[{{span.trace, span.parent}, topic_of(span)}].push_back(i);
    }
    for (auto& [key, sends] : sends_by_offset_) {
        std::sort(sends.begin(), sends.end(), [this](const auto& a, const auto& b) {
            return a.first != b.first ? a.first < b.first : before(a.second, b.second);
        });
    }
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

// A service reads the context in a record as its sender wrote it, so what it does next names the sender's span as
// parent, as its sidecar's `process` does. No other span of another service is a parent across services: requests have
// SERVER spans.
void chain_tree::adopt_by_process() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const auto& node = nodes_[i];
        if (node.span == nullptr || node.folded_into != none || !is_process(*node.span)) continue;
        const auto service = service_of(*node.span);
        if (node.span->parent.valid()) processes_[{{node.trace, node.span->parent}, service}].push_back(i);
        const auto* send = node.parent == none ? nullptr : nodes_[node.parent].span;
        if (send == nullptr || !is_send(*send) || !send->parent.valid() || send->parent == node.span->parent) continue;
        processes_[{{send->trace, send->parent}, service}].push_back(i);
    }
    for (auto& [key, processes] : processes_) sort(processes);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        auto& node = nodes_[i];
        if (node.span == nullptr || node.join != chain_join::parent || receives(*node.span)) continue;
        const auto* parent = node.parent == none ? nullptr : nodes_[node.parent].span;
        if (parent != nullptr && service_of(*parent) == service_of(*node.span)) continue;
        const auto process = process_that_brought(*node.span);
        if (process == none || nodes_[process].parent == i) continue;
        node.parent = process;
        node.join = chain_join::record;
    }
}

/// The last one that had begun.
std::size_t chain_tree::process_that_brought(const span_data& context) const {
    const auto found = processes_.find({{context.trace, context.parent}, service_of(context)});
    if (found == processes_.end()) return none;
    const auto& processes = found->second;
    const auto next =
        std::upper_bound(processes.begin(), processes.end(), context.start_unix_ns,
                         [this](std::uint64_t start, std::size_t process) { return start < nodes_[process].start; });
    return next == processes.begin() ? none : *std::prev(next);
}

/// The send of its records. Of two (a topic of the same name in two clusters) the one with the same parent, else the
/// later one.
std::size_t chain_tree::send_by_offset(std::size_t process) const {
    const auto& span = *nodes_[process].span;
    const auto range = records_of(span);
    const auto found = sends_by_offset_.find({span.trace, range.topic, range.partition});
    if (range.count == 0 || found == sends_by_offset_.end()) return none;
    const auto& sends = found->second;
    auto next = std::upper_bound(sends.begin(), sends.end(), range.first,
                                 [](std::int64_t offset, const auto& send) { return offset < send.first; });
    auto best = none;
    for (std::size_t looked = 0; next != sends.begin() && looked < overlapping_sends; ++looked) {
        const auto send = (--next)->second;
        const auto& sent = *nodes_[send].span;
        if (!records_of(sent).contains(range.first)) continue;
        if (sent.parent == span.parent || sent.span == span.parent) return send;
        if (best == none) best = send;
    }
    return best;
}

/// The send into a topic that a span caused, when it caused just one.
std::size_t chain_tree::only_send_below(const span_key& cause, std::string_view topic) const {
    const auto found = sends_by_cause_.find({cause, topic});
    return found != sends_by_cause_.end() && found->second.size() == 1 ? found->second.front() : none;
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
