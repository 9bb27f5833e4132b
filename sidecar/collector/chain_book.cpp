#include "sidecar/collector/chain_book.hpp"

#include <algorithm>

#include "tracing/stitch/id_order.hpp"

namespace outrider::collector {

namespace {

constexpr std::int64_t look_again_ns = 200'000'000;
constexpr std::int64_t give_up_ns = 10'000'000'000;  // a root that nobody decides must not hold its chain back for good

}  // namespace

bool chain_book::apply(const tracing::decision& known) {
    const auto root = archive_.traces().find(known.root.trace);
    if (!root) return false;
    archive_.decide(*root, known.root.span, encode_decision(known));
    const auto cause = known.cause.cause.valid() ? archive_.traces().find(known.cause.cause.trace) : std::nullopt;
    if (!archive_[*root].linked && (!cause || *cause == *root)) return true;  // alone, and stays so
    groups_.apply(known);
    mark_linked(*root);
    if (cause) mark_linked(*cause);
    return true;
}

void chain_book::mark_linked(number which) {
    auto& trace = archive_[which];
    linked_ += trace.linked ? 0 : 1;
    trace.linked = true;
}

std::vector<tracing::decision> chain_book::decisions_of(number which) const {
    std::vector<tracing::decision> out;
    const auto& trace = archive_[which];
    if (trace.decisions == 0) return out;
    for (const auto& one : trace.entries)
        if (one.is_decision())
            if (auto known = decode_decision(trace.id, one.body)) out.push_back(std::move(*known));
    return out;
}

tracing::trace_id chain_book::chain_of(number which) const {
    const auto& trace = archive_[which];
    return trace.linked ? groups_.chain_of(trace.id) : trace.id;
}

std::vector<chain_book::number> chain_book::members(number which) const {
    const auto& trace = archive_[which];
    if (!trace.linked) return {which};
    std::vector<number> out;
    for (const auto& id : groups_.traces_of(trace.id))
        if (const auto held = archive_.traces().find(id)) out.push_back(*held);
    if (out.empty()) out.push_back(which);
    return out;
}

void chain_book::forget(number which) {
    auto& trace = archive_[which];
    if (!trace.linked) return;
    --linked_;
    groups_.forget(trace.id);
}

void chain_book::watch(number which, std::int64_t now_ns) {
    if (archive_[which].watched) return;
    watch_again(which, now_ns + quiet_ns_);
}

void chain_book::watch_again(number which, std::int64_t due_ns) {
    auto& trace = archive_[which];
    trace.watched = true;
    watched_.push({due_ns, which, trace.birth});
}

std::optional<chain_book::settled> chain_book::next_settled(std::int64_t now_ns) {
    while (!watched_.empty() && watched_.top().due_ns <= now_ns) {
        const auto one = watched_.top();
        watched_.pop();
        auto& trace = archive_[one.which];
        if (!trace.alive || trace.birth != one.birth) continue;
        trace.watched = false;
        const auto stands = stands_for_all(one.which);
        if (stands != one.which) {
            if (trace.waiting > 0 && !archive_[stands].watched) watch_again(stands, now_ns);
            continue;
        }
        if (auto found = look_at(one.which, now_ns)) return found;
    }
    return std::nullopt;
}

/// One trace of a chain stands for all of them, so that a large chain is not looked at by each of its traces.
chain_book::number chain_book::stands_for_all(number which) const {
    if (!archive_[which].linked) return which;
    auto stands = which;
    groups_.any_of(archive_[which].id, [&](const tracing::trace_id& id) {
        const auto held = archive_.traces().find(id);
        if (held) stands = *held;
        return held.has_value();
    });
    return stands;
}

std::optional<chain_book::settled> chain_book::look_at(number which, std::int64_t now_ns) {
    settled found{members(which)};
    const auto waits = [&](number one) { return archive_[one].waiting > 0; };
    if (std::none_of(found.traces.begin(), found.traces.end(), waits)) return std::nullopt;
    std::int64_t last = 0;
    for (const auto one : found.traces) last = std::max(last, archive_[one].touched_ns);
    if (last + quiet_ns_ > now_ns) {
        watch_again(which, last + quiet_ns_);
        return std::nullopt;
    }
    found.complete =
        std::all_of(found.traces.begin(), found.traces.end(), [&](number one) { return all_decided(archive_[one]); });
    found.waited_ns = now_ns - last;
    if (found.complete || found.waited_ns > give_up_ns) return found;
    watch_again(which, now_ns + look_again_ns);
    return std::nullopt;
}

bool chain_book::all_decided(const held_trace& trace) const {
    if (trace.waiting == 0) return true;
    std::vector<tracing::span_id> present, decided;
    std::vector<span_facts> roots;
    for (const auto& one : trace.entries) {
        if (one.is_decision()) decided.push_back(one.id());
        if (!one.is_span()) continue;
        present.push_back(one.id());
        if ((one.marks & mark_settled) == 0) roots.push_back(archive_.facts(trace, one));
    }
    std::sort(present.begin(), present.end(), tracing::by_ids{});
    std::sort(decided.begin(), decided.end(), tracing::by_ids{});
    const auto has = [](const auto& sorted, const auto& id) {
        return std::binary_search(sorted.begin(), sorted.end(), id, tracing::by_ids{});
    };
    return std::all_of(roots.begin(), roots.end(), [&](const span_facts& one) {
        return (one.parent.valid() && has(present, one.parent)) || has(decided, one.span);
    });
}

}  // namespace outrider::collector
