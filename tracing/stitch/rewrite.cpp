#include "tracing/stitch/rewrite.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "tracing/stitch/id_order.hpp"
#include "tracing/stitch/keyed_hash.hpp"
#include "tracing/stitch/rewrite_parts.hpp"

namespace outrider::tracing {
namespace {

namespace names = chain_attributes;

constexpr auto nowhere = static_cast<std::size_t>(-1);

/// The parent that a span itself named.
span_id named_parent(const span_data& span) {
    return has_inferred_parent(span) ? id_attribute<span_id>(span, names::original_parent_id) : span.parent;
}

/// Its own parent had come, and closed a circle.
bool was_cut(const span_data& span) {
    return !span.parent.valid() &&
           text_attribute(span.attributes, names::fault).find(circle_fault) != std::string_view::npos;
}

/// Makes one trace of the spans of several.
class chain_rewriting {
  public:
    chain_rewriting(std::vector<span_data>& spans, const trace_id& chain) : spans_(spans), chain_(chain) {
        for (std::size_t i = 0; i < spans.size(); ++i) originals_.push_back(original_key(spans[i]));
        for (std::size_t i = 0; i < spans.size(); ++i) by_original_[originals_[i]].push_back(i);
        const auto rank = [this](std::size_t i) {
            return std::tuple{spans_[i].span != originals_[i].span, receives(spans_[i]), spans_[i].start_unix_ns};
        };
        for (auto& [key, same] : by_original_) {
            if (same.size() == 1) continue;  // sorting stably allocates even then
            std::stable_sort(same.begin(), same.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
        }
    }

    void tell_ids_apart();
    void move_into_chain();
    void follow(const decision& known);

  private:
    using place = std::pair<const span_key, std::pmr::vector<std::size_t>>;
    void tell_copies_apart(place& of);
    void give_other_id(std::size_t which, unsigned copy);
    std::size_t held(const span_key& original, bool as_root) const;
    void hang(span_data& root, const span_id& named, const cause_candidate& cause, const span_data& under) const;
    void link(span_data& from, const cause_candidate& candidate) const;

    std::vector<span_data>& spans_;
    trace_id chain_;
    std::vector<span_key> originals_;
    small_memory memory_;
    std::pmr::map<span_key, std::pmr::vector<std::size_t>, by_ids> by_original_{memory_.get()};
    std::pmr::set<span_id, by_ids> ids_{memory_.get()};  ///< that are taken
};

/// Spans of one chain may have the same id because their traces counted alike, or because a span was told twice. Ids
/// that were given before are kept; else those of the trace that the chain is named by.
void chain_rewriting::tell_ids_apart() {
    std::vector<place*> others;
    for (auto& each : by_original_) {
        const auto id = spans_[each.second.front()].span;
        const bool keeps = each.first.span != id || each.first.trace == chain_;
        if (keeps) {
            ids_.insert(id);
        } else {
            others.push_back(&each);
        }
    }
    for (auto* of : others) {
        if (ids_.insert(of->first.span).second) continue;
        for (auto each : of->second) give_other_id(each, 0);
    }
    for (auto& of : by_original_) tell_copies_apart(of);
}

/// The first keeps its id; a client and a server may share it.
void chain_rewriting::tell_copies_apart(place& of) {
    unsigned copy = 0;
    for (std::size_t i = 1; i < of.second.size(); ++i) {
        const auto &here = spans_[of.second[i]], &before = spans_[of.second[i - 1]];
        if (receives(here) != receives(before)) continue;
        name_fault(spans_[of.second[i]], "duplicate id");
        if (here.span == spans_[of.second.front()].span) give_other_id(of.second[i], ++copy);
    }
}

void chain_rewriting::give_other_id(std::size_t which, unsigned copy) {
    auto& span = spans_[which];
    const auto& original = originals_[which];
    const auto [high, low] = keyed_hash::words(original.trace);
    constexpr std::array<std::uint64_t, 2> fixed{0x6f75747269646572, 0x636861696e696473};  // the same every time
    for (unsigned attempt = 0;; ++attempt) {
        const auto word = keyed_hash{fixed}.of(high, low, keyed_hash::word(original.span), copy, attempt);
        span.span = {std::bit_cast<std::array<std::uint8_t, 8>>(word)};
        // Client and server that shared an id share the new one.
        if (span.span.valid() && (ids_.insert(span.span).second || copy == 0)) break;
    }
    set_attribute(span.attributes, names::original_span_id, attribute_value{original.span.hex()});
}

/// Parents and links are names within the trace that a span was in.
void chain_rewriting::move_into_chain() {
    const auto now_called = [this](const span_key& original) -> const span_data* {
        const auto found = by_original_.find(original);
        return found == by_original_.end() ? nullptr : &spans_[found->second.front()];
    };
    for (std::size_t i = 0; i < spans_.size(); ++i) {
        auto& span = spans_[i];
        const auto trace = originals_[i].trace;
        if (span.parent.valid() && !has_inferred_parent(span)) {
            const auto* parent = now_called({trace, span.parent});
            if (parent != nullptr) span.parent = parent->span;
        }
        for (auto& each : span.links) {
            const auto* target = now_called({each.trace, each.span});
            if (target == nullptr) continue;
            each.trace = chain_;
            each.span = target->span;
        }
        span.trace = chain_;
        if (trace != chain_) set_attribute(span.attributes, names::original_trace_id, attribute_value{trace.hex()});
    }
}

std::size_t chain_rewriting::held(const span_key& original, bool as_root) const {
    const auto found = by_original_.find(original);
    if (found == by_original_.end()) return nowhere;
    const auto first = found->second.front();
    if (as_root) return first;
    // Of a client and a server that share an id, the client is outside; a copy that got another id is neither.
    const auto inside = std::find_if(found->second.begin(), found->second.end(), [&](auto each) {
        return receives(spans_[each]) && spans_[each].span == spans_[first].span;
    });
    return inside == found->second.end() ? first : *inside;
}

void chain_rewriting::follow(const decision& known) {
    const auto at = held(known.root, true);
    if (at == nowhere) return;
    auto& root = spans_[at];
    if (was_cut(root)) return;
    const auto named = named_parent(root);
    const auto cause = known.cause.cause.valid() ? held(known.cause.cause, false) : nowhere;
    const bool came = named.valid() && ids_.contains(named);
    if (came || cause == nowhere || cause == at) drop_inferred_parent(root);
    if (came) return;
    std::erase_if(root.links,
                  [](const auto& each) { return find_attribute(each.attributes, names::link_source) != nullptr; });
    if (cause != nowhere && cause != at) hang(root, named, known.cause, spans_[cause]);
    for (const auto& each : known.alternatives) link(root, each);
}

/// Changes what stands there already, so that doing it again changes nothing.
void chain_rewriting::hang(span_data& root, const span_id& named, const cause_candidate& cause,
                           const span_data& under) const {
    if (named.valid() && named != under.span) {
        set_attribute(root.attributes, names::original_parent_id, attribute_value{named.hex()});
    } else {
        drop_attribute(root, names::original_parent_id);  // somebody else's word
    }
    root.parent = under.span;
    set_attribute(root.attributes, names::link_source, attribute_value{std::string{name_of(cause.source)}});
    set_attribute(root.attributes, names::link_confidence, attribute_value{static_cast<double>(cause.confidence)});
}

void chain_rewriting::link(span_data& from, const cause_candidate& candidate) const {
    span_reference to;
    const auto target = held(candidate.cause, false);
    to.trace = target == nowhere ? candidate.cause.trace : chain_;
    to.span = target == nowhere ? candidate.cause.span : spans_[target].span;
    set_attribute(to.attributes, names::link_source, attribute_value{std::string{name_of(candidate.source)}});
    set_attribute(to.attributes, names::link_confidence, attribute_value{static_cast<double>(candidate.confidence)});
    from.links.push_back(std::move(to));
}

}  // namespace

void set_attribute(std::vector<attribute>& attributes, std::string_view key, attribute_value value) {
    for (auto& one : attributes) {
        if (one.key != key) continue;
        one.value = std::move(value);
        return;
    }
    attributes.push_back({std::string{key}, std::move(value)});
}

void drop_attribute(span_data& span, std::string_view key) {
    std::erase_if(span.attributes, [&](const auto& one) { return one.key == key; });
}

void drop_inferred_parent(span_data& span) {
    if (!has_inferred_parent(span)) return;
    span.parent = id_attribute<span_id>(span, names::original_parent_id);
    for (auto key : {names::link_source, names::link_confidence, names::original_parent_id}) drop_attribute(span, key);
}

std::string_view name_of(link_source source) {
    switch (source) {
        case link_source::context:
            return "context";
        case link_source::tracestate:
            return "tracestate";
        case link_source::kafka:
            return "kafka";
        case link_source::key:
            return "key";
        case link_source::echo:
            return "echo";
        case link_source::timing:
            return "timing";
        case link_source::none:
            break;
    }
    return "none";
}

span_key original_key(const span_data& span) {
    const auto trace = id_attribute<trace_id>(span, names::original_trace_id);
    const auto id = id_attribute<span_id>(span, names::original_span_id);
    return {trace.valid() ? trace : span.trace, id.valid() ? id : span.span};
}

std::vector<span_data> rewrite_chain(std::vector<span_data> spans, std::span<const decision> decisions,
                                     const trace_id& chain) {
    chain_rewriting rewriting{spans, chain};
    rewriting.tell_ids_apart();
    rewriting.move_into_chain();
    small_memory memory;
    std::pmr::map<span_key, const decision*, by_ids> last{memory.get()};
    for (const auto& each : decisions) last[each.root] = &each;
    for (const auto& [root, each] : last) rewriting.follow(*each);
    cut_circles(spans);
    name_impossible_times(spans);
    name_many_spans(spans);
    return spans;
}

bool rewriting_reads(std::string_view key) {
    return key.starts_with("chain.original_") || key.starts_with("chain.link.") || key == names::fault;
}

void strip_captured(span_data& span) { drop_attribute(span, names::echo); }

}  // namespace outrider::tracing
