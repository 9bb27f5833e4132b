#include "tracing/stitch/span_store.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace outrider::tracing {
namespace {

constexpr float sure = 1.0F, by_ids = 0.99F, by_group = 0.95F;
constexpr float only_heard = 0.95F, last_heard = 0.6F;
constexpr std::size_t most_heard = 4;           // records with a value in common that still tell something
constexpr std::size_t most_listed = 16;         // the same, with those that are no longer held
constexpr std::size_t most_indexed_values = 8;  // of one record
constexpr std::size_t most_above = 16;          // parents that are followed within a process

}  // namespace

std::uint64_t span_store::hash_of(const span_key& key) const {
    const auto [high, low] = keyed_hash::words(key.trace);
    return hash_.of(high, low, keyed_hash::word(key.span));
}

void span_store::insert(sequence_index& index, std::uint64_t hash, span_number number) {
    if (index.full()) {
        index.rebuild([this](span_number each) { return spans_.holds(each); });
    }
    index.insert(hash, number);
}

span_number span_store::add(const held_span& span, const span_facts& facts) {
    auto added = span;
    if (span_details::needed(facts)) {
        added.has_details = true;
        added.details = details_.add(facts);
    }
    const auto number = spans_.add(added);
    insert(by_key_, hash_of(span.key), number);
    if (span.role != span_role::inner) insert(by_id_, hash_.of(keyed_hash::word(span.key.span)), number);
    for (std::size_t i = 0; i < facts.id_count; ++i) insert(joins_, hash_of(message, facts.ids[i]), number);
    if (span.handed_over) index_values(number, facts);
    if (facts.messages > 0 && facts.sends) index_records(sent, number, facts);
    if (facts.messages > 0 && facts.receives) index_records(taken, number, facts);
    return number;
}

/// What handles a record may take longer than windows last, and the record's span came when it was handed over.
void span_store::index_values(span_number number, const span_facts& facts) {
    const auto process = spans_[number].process;
    const auto values = std::min<std::size_t>(facts.echo_count, most_indexed_values);
    for (std::size_t i = 0; i < values; ++i) insert(joins_, hash_of(heard, process, facts.echoes[i]), number);
}

/// A range lies in one or two blocks of the power of two that it is not larger than.
void span_store::index_records(join kind, span_number number, const span_facts& facts) {
    const auto level = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(facts.messages - 1)));
    levels_ |= std::uint64_t{1} << level;
    const auto first = static_cast<std::uint64_t>(facts.first_offset) >> level;
    const auto last = static_cast<std::uint64_t>(facts.first_offset + facts.messages - 1) >> level;
    insert(joins_, hash_of(kind, facts.partition, level, first), number);
    if (last != first) insert(joins_, hash_of(kind, facts.partition, level, last), number);
}

void span_store::forget_oldest() {
    const auto& gone = spans_.oldest();
    if (gone.has_details) details_.forget_before(gone.details);
    spans_.forget_oldest();
}

std::size_t span_store::memory() const {
    return spans_.memory() + details_.memory() + by_key_.memory() + by_id_.memory() + joins_.memory() +
           sought_.memory();
}

std::size_t span_store::growth() const {
    std::size_t most = 0;
    for (const auto* index : {&by_key_, &by_id_, &joins_, &sought_}) {
        if (index->full()) most += index->memory() / 2;
    }
    return most;
}

span_number span_store::find(const span_key& key, bool receives) const {
    auto found = no_number;
    by_key_.find(hash_of(key), [&](span_number each) {
        if (!spans_.holds(each) || spans_[each].key != key || spans_[each].receives != receives) return false;
        found = each;
        return true;
    });
    return found;
}

span_number span_store::find(const span_key& key) const {
    auto found = no_number;
    by_key_.find(hash_of(key), [&](span_number each) {
        if (!spans_.holds(each) || spans_[each].key != key) return false;
        found = each;
        return spans_[each].receives;
    });
    return found;
}

found_cause span_store::exact_cause(span_number number) const {
    const auto& root = spans_[number];
    if (!root.has_details) return {};
    for (auto tier : {&span_store::by_link, &span_store::by_member, &span_store::by_records, &span_store::by_message}) {
        const auto found = (this->*tier)(root);
        if (found.valid() && found.cause != number) return found;
    }
    return {};
}

/// Links to one trace only: what came of several has no one cause.
found_cause span_store::by_link(const held_span& root) const {
    const auto known = details(root);
    if (root.parent.valid() || known.links() != 1) return {};
    const auto target = find(known.link(0));
    return target == no_number ? found_cause{} : found_cause{target, link_source::context, sure};
}

found_cause span_store::by_member(const held_span& root) const {
    const auto member = details(root).get(span_details::member);
    if (member == 0) return {};
    const span_id id{std::bit_cast<std::array<std::uint8_t, 8>>(member)};
    if (const auto near = find({root.key.trace, id}); near != no_number) return {near, link_source::tracestate, by_ids};
    auto found = no_number;
    by_id_.find(hash_.of(member), [&](span_number each) {
        if (!spans_.holds(each) || spans_[each].key.span != id || spans_[each].key == root.key) return false;
        const bool ambiguous = found != no_number && spans_[found].key != spans_[each].key;
        found = ambiguous ? no_number : each;
        return ambiguous;
    });
    return found == no_number ? found_cause{} : found_cause{found, link_source::tracestate, by_ids};
}

found_cause span_store::by_records(const held_span& root) const {
    const auto known = details(root);
    if ((root.role != span_role::enters && !root.settles) || !known.has(span_details::first)) return {};
    const auto first = static_cast<std::int64_t>(known.get(span_details::first)) - 1;
    const auto count = static_cast<std::int64_t>(known.get(span_details::messages));
    // What is committed is the offset of the next record.
    const auto bearer = bearer_of(root, root.settles ? first - 1 : first);
    if (bearer == no_number) return {};
    // Records of several sends have no one cause.
    if (root.polls && count > 1 && bearer_of(root, first + count - 1) != bearer) return {};
    return {bearer, link_source::kafka, sure};
}

/// Of the sends of a record: one of the same cluster before one that names none, a send before its anchor, the one that
/// begins with the record or nearest before it, the later one. Without clusters, sends of two processes at one place
/// are of two clusters: which one is not known.
span_number span_store::bearer_of(const held_span& root, std::int64_t offset) const {
    const auto asking = details(root);
    const auto partition = asking.get(span_details::partition), cluster = asking.get(span_details::cluster);
    using rank = std::tuple<bool, bool, std::int64_t, std::int64_t>;
    auto best = no_number;
    rank best_rank;
    bool ambiguous = false;
    const auto look = [&](span_number each) {
        if (!spans_.holds(each)) return false;
        const auto& other = spans_[each];
        if ((root.settles ? !other.receives || other.process != root.process : !other.sends) || !other.has_details ||
            other.key == root.key)
            return false;
        const auto known = details(other);
        if (known.get(span_details::partition) != partition) return false;
        const auto first = static_cast<std::int64_t>(known.get(span_details::first)) - 1;
        if (offset < first || offset - first >= static_cast<std::int64_t>(known.get(span_details::messages)))
            return false;
        const auto of = known.get(span_details::cluster);
        if (cluster != 0 && of != 0 && cluster != of) return false;
        const rank here{cluster == of && of != 0, !other.anchor, first, other.start_ns};
        const auto place_of = [](const rank& one) {
            return std::tuple{std::get<0>(one), std::get<1>(one), std::get<2>(one)};
        };
        const bool same_place = best != no_number && !std::get<0>(here) && place_of(here) == place_of(best_rank);
        if (same_place && spans_[best].process != other.process) ambiguous = true;
        if (best != no_number && here <= best_rank) return false;
        if (best != no_number && place_of(here) != place_of(best_rank)) ambiguous = false;
        best = each;
        best_rank = here;
        return false;
    };
    const auto kind = root.settles ? taken : sent;
    for (auto left = levels_; left != 0; left &= left - 1) {
        const auto level = static_cast<unsigned>(std::countr_zero(left));
        joins_.find(hash_of(kind, partition, level, static_cast<std::uint64_t>(offset) >> level), look);
    }
    return ambiguous ? no_number : best;
}

/// What entered this process with the message that is named as the cause; else whoever sent it.
found_cause span_store::by_message(const held_span& root) const {
    const auto known = details(root);
    using rank = std::tuple<bool, bool, bool, std::int64_t>;
    auto best = no_number;
    rank best_rank;
    const auto look_for = [&](std::uint64_t id, bool own) {
        if (id == 0) return;
        joins_.find(hash_of(message, id), [&](span_number each) {
            if (!spans_.holds(each)) return false;
            const auto& other = spans_[each];
            if (other.key == root.key || !other.has_details || !details(other).has_id(id)) return false;
            if (own && other.role != span_role::leaves) return false;
            const bool brought = !own && other.role == span_role::enters && other.process == root.process;
            const rank here{own, brought, other.start_ns <= root.start_ns, other.start_ns};
            if (best == no_number || here > best_rank) {
                best = each;
                best_rank = here;
            }
            return false;
        });
    };
    // Of several messages there may be several senders.
    if (root.role == span_role::enters && known.ids() == 1) look_for(known.id(0), true);
    if (best == no_number) look_for(known.get(span_details::causation), false);
    if (best == no_number) return {};
    const bool exact = root.role == span_role::leaves || std::get<0>(best_rank);
    return {best, link_source::key, exact ? by_ids : by_group};
}

span_store::said_before span_store::records_with(std::uint32_t value, const held_span& asking) const {
    said_before said;
    std::size_t listed = 0;  // also what has been forgotten: of what many say, most may be
    said.many = joins_.find(hash_of(heard, asking.process, value), [&](span_number each) {
        if (++listed > most_listed) return true;
        if (!spans_.holds(each)) return false;
        const auto& record = spans_[each];
        if (!record.handed_over || record.process != asking.process || record.end_ns > asking.start_ns ||
            !details(record).has_echo(value))
            return false;
        if (said.latest == no_number || record.end_ns > spans_[said.latest].end_ns) said.latest = each;
        return ++said.records > most_heard;
    });
    return said;
}

found_cause span_store::record_heard(span_number left) const {
    const auto& asking = spans_[left];
    if (!asking.has_details) return {};
    const auto said = details(asking);
    std::array<said_before, span_facts::most_echoes> few;
    std::size_t count = 0;
    const said_before* rarest = nullptr;
    for (std::size_t i = 0; i < said.echoes(); ++i) {
        few[count] = records_with(said.echo(i), asking);
        if (few[count].records == 0 || few[count].many) continue;
        if (rarest == nullptr || few[count].records < rarest->records) rarest = &few[count];
        ++count;
    }
    if (rarest == nullptr) return {};
    found_cause found{rarest->latest, link_source::echo, rarest->records == 1 ? only_heard : last_heard};
    for (const auto& each : std::span{few}.first(count)) {
        const auto &later = spans_[each.latest], &best = spans_[found.cause];
        if (later.end_ns <= best.end_ns || later.operation == best.operation) continue;
        found = {each.latest, link_source::echo, last_heard};
    }
    return found;
}

bool span_store::share_rare_value(span_number entered, span_number left) const {
    const auto &asking = spans_[left], &other = spans_[entered];
    if (!asking.has_details || !other.has_details) return false;
    const auto said = details(asking), heard_there = details(other);
    for (std::size_t i = 0; i < said.echoes(); ++i) {
        if (heard_there.has_echo(said.echo(i)) && !records_with(said.echo(i), asking).many) return true;
    }
    return false;
}

span_number span_store::entered_above(span_number left) const {
    const auto process = spans_[left].process;
    auto at = left;
    for (std::size_t i = 0; i < most_above; ++i) {
        const auto& here = spans_[at];
        if (here.role == span_role::enters && at != left) return here.process == process ? at : no_number;
        if (!here.parent.valid()) return no_number;
        at = find({here.key.trace, here.parent});
        if (at == no_number) return no_number;
    }
    return no_number;
}

void span_store::seek_causes(span_number number) {
    const auto& root = spans_[number];
    const auto seek = [&](join kind, const span_key& key) {
        const auto [high, low] = keyed_hash::words(key.trace);
        insert(sought_, hash_of(kind, high, low, keyed_hash::word(key.span)), number);
    };
    if (root.parent.valid()) seek(sought_span, {root.key.trace, root.parent});
    if (!root.has_details) return;
    const auto known = details(root);
    if (known.links() == 1 && !root.parent.valid()) seek(sought_span, known.link(0));
    if (auto id = known.get(span_details::member); id != 0) insert(sought_, hash_of(sought_member, id), number);
    if (auto id = known.get(span_details::causation); id != 0) insert(sought_, hash_of(sought_message, id), number);
    if (known.ids() == 1 && root.role == span_role::enters)
        insert(sought_, hash_of(sought_message, known.id(0)), number);
    if ((root.role == span_role::enters || root.settles) && known.has(span_details::first))
        insert(sought_,
               hash_of(sought_record, known.get(span_details::partition),
                       known.get(span_details::first) - (root.settles ? 2 : 1)),
               number);
}

}  // namespace outrider::tracing
