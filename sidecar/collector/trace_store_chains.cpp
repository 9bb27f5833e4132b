#include "sidecar/collector/trace_store.hpp"

namespace outrider::collector {

using tracing::trace_id;

/// What was forwarded under a name keeps it, whatever joins it later.
trace_id trace_store::name_of_chain(std::span<const number> members) const {
    for (const auto one : members)
        if (archive_[one].sent_as.valid()) return archive_[one].sent_as;
    return chains_.chain_of(members.front());
}

stored_chain trace_store::assemble(std::span<const number> members, attribute_filter only) const {
    stored_chain out;
    out.id = name_of_chain(members);
    out.decided = true;
    for (const auto one : members) {
        const auto& trace = archive_[one];
        auto spans = archive_.spans_of(one, only);
        out.spans.insert(out.spans.end(), std::make_move_iterator(spans.begin()), std::make_move_iterator(spans.end()));
        auto decisions = chains_.decisions_of(one);
        out.decisions.insert(out.decisions.end(), std::make_move_iterator(decisions.begin()),
                             std::make_move_iterator(decisions.end()));
        out.traces.push_back(trace.id);
        out.dropped += trace.dropped;
        out.decided = out.decided && trace.waiting == 0;
    }
    return out;
}

chain_mark trace_store::mark_of(std::span<const number> members) const {
    chain_mark out;
    out.id = name_of_chain(members);
    out.decided = true;
    const auto mix = [&](std::uint64_t value) {
        constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
        out.revision = (out.revision ^ value) * odd;
        out.revision ^= out.revision >> 32;
    };
    for (const auto one : members) {
        const auto& trace = archive_[one];
        for (const std::uint64_t each :
             {std::uint64_t{one}, std::uint64_t{trace.birth}, std::uint64_t{trace.entries.size()},
              static_cast<std::uint64_t>(trace.touched_ns), std::uint64_t{trace.decisions},
              std::uint64_t{trace.dropped}})
            mix(each);
        out.spans += trace.spans;
        out.decided = out.decided && trace.waiting == 0;
        out.traces.push_back(trace.id);
    }
    return out;
}

chain_mark trace_store::mark(const trace_id& id) const {
    const std::lock_guard lock{mutex_};
    const auto which = archive_.traces().find(id);
    if (!which) return {};
    return mark_of(chains_.members(*which));
}

stored_chain trace_store::chain(const trace_id& id) const {
    const std::lock_guard lock{mutex_};
    const auto which = archive_.traces().find(id);
    if (!which) return {id, {}, {}, {}, 0, false};
    return assemble(chains_.members(*which));
}

trace_id trace_store::chain_of(const trace_id& id) const {
    const std::lock_guard lock{mutex_};
    const auto which = archive_.traces().find(id);
    return which ? chains_.chain_of(*which) : id;
}

std::size_t trace_store::apply(std::span<const tracing::decision> known) {
    const std::lock_guard lock{mutex_};
    std::size_t applied = 0;
    for (const auto& one : known) applied += chains_.apply(one) ? 1 : 0;
    return applied;
}

void trace_store::settle(std::span<const number> members, settled_chain& into) {
    bool before = false;
    for (const auto one : members) {
        auto& trace = archive_[one];
        into.sent = into.sent || trace.sent_as.valid();
        into.sampled_out = into.sampled_out || trace.sampled_out;
        before = before || trace.waiting < trace.spans;
        into.spans += trace.waiting;
        for (const auto& entry : trace.entries)
            if (entry.is_span()) into.fresh.push_back((entry.marks & mark_settled) == 0);
        archive_.settle(one);
    }
    counters_.waiting -= into.spans;
    counters_.settled += into.spans;
    if (before) counters_.late += into.spans;
}

std::optional<settled_chain> trace_store::next_settled(std::int64_t now_ns, attribute_filter only) {
    const std::lock_guard lock{mutex_};
    const auto found = chains_.next_settled(now_ns);
    if (!found) return std::nullopt;
    settled_chain out;
    out.waited = std::chrono::nanoseconds{found->waited_ns};
    out.complete = found->complete;
    out.through = last_row_;
    settle(found->traces, out);
    out.revision = mark_of(found->traces).revision;
    out.chain = assemble(found->traces, only);
    return out;
}

void trace_store::record(std::span<const trace_id> traces, const trace_id& sent_as) {
    const std::lock_guard lock{mutex_};
    for (const auto& id : traces) {
        const auto which = archive_.traces().find(id);
        if (!which) continue;
        auto& trace = archive_[*which];
        if (!trace.sent_as.valid()) trace.sent_as = sent_as;
        trace.sampled_out = !sent_as.valid();
    }
}

void trace_store::restore(const trace_id& id, const trace_id& sent_as) {
    {
        const std::lock_guard lock{mutex_};
        const auto which = archive_.traces().find(id);
        if (!which) return;
        const auto waiting = archive_[*which].waiting;
        archive_.settle(*which);
        counters_.waiting -= waiting;
        counters_.settled += waiting;
    }
    record({&id, 1}, sent_as);
}

}  // namespace outrider::collector
