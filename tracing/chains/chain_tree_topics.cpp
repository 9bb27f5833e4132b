// The part of the tree that is about topics: sends, what took their records, and the anchors between derived traces.
#include <algorithm>
#include <set>

#include "tracing/chains/chain_tree.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t overlapping_sends = 16;  // that are looked at: ranges of one partition overlap only by accident

}  // namespace

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

const span_data* chain_tree::send_above(std::size_t at) const {
    const auto parent = nodes_[at].parent;
    const auto* span = parent == none ? nullptr : nodes_[parent].span;
    return span != nullptr && is_send(*span) ? span : nullptr;
}

/// Each process; and a poll, where its service tells of no process: in a derived topic it does not know the records.
void chain_tree::mark_takers() {
    std::set<std::pair<std::size_t, std::string_view>> processed;
    std::vector<std::size_t> polls;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        auto& node = nodes_[i];
        if (node.span == nullptr || send_above(i) == nullptr) continue;
        if (is_poll(*node.span)) polls.push_back(i);
        if (!is_process(*node.span)) continue;
        node.takes = true;
        processed.emplace(node.parent, service_of(*node.span));
    }
    for (auto poll : polls) {
        auto& node = nodes_[poll];
        // By its link, or below its send already: a poll has no parent but what stitching gave it.
        const bool hangs_from_send = node.join == chain_join::link || node.join == chain_join::parent;
        node.takes = hangs_from_send && !processed.contains({node.parent, service_of(*node.span)});
    }
}

void chain_tree::index_takers() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const auto& node = nodes_[i];
        if (node.span == nullptr || node.folded_into != none) continue;
        const auto service = service_of(*node.span);
        const bool processes = is_process(*node.span) && node.span->parent.valid();
        if (processes) takers_[{{node.trace, node.span->parent}, service}].push_back(i);
        const auto* send = send_above(i);
        if (!node.takes || !send->parent.valid() || (processes && send->parent == node.span->parent)) continue;
        takers_[{{send->trace, send->parent}, service}].push_back(i);
    }
    for (auto& [key, takers] : takers_) sort(takers);
}

// A service reads the context in a record as its sender wrote it, so what it does next names the sender's span as
// parent, as its sidecar's `process` does. No other span of another service is a parent across services: requests have
// SERVER spans.
void chain_tree::adopt_by_takers() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        auto& node = nodes_[i];
        if (node.span == nullptr || node.join != chain_join::parent || node.takes || chain_tree::receives(*node.span))
            continue;
        const auto* parent = node.parent == none ? nullptr : nodes_[node.parent].span;
        if (parent != nullptr && service_of(*parent) == service_of(*node.span)) continue;
        const auto taker = taker_that_brought(*node.span);
        if (taker == none || nodes_[taker].parent == i) continue;
        node.parent = taker;
        node.join = chain_join::record;
    }
}

/// The last one that had begun.
std::size_t chain_tree::taker_that_brought(const span_data& context) const {
    const auto found = takers_.find({{context.trace, context.parent}, service_of(context)});
    if (found == takers_.end()) return none;
    const auto& takers = found->second;
    const auto next =
        std::upper_bound(takers.begin(), takers.end(), context.start_unix_ns,
                         [this](std::uint64_t start, std::size_t taker) { return start < nodes_[taker].start; });
    return next == takers.begin() ? none : *std::prev(next);
}

}  // namespace outrider::tracing
