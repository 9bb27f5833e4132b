#include <algorithm>

#include "sidecar/collector/span_match.hpp"
#include "sidecar/collector/trace_store.hpp"

namespace outrider::collector {

using tracing::trace_id;

namespace {

/// Whether a span can be ruled out without decoding it.
bool facts_match(const span_facts& facts, std::string_view service, const trace_query& query) {
    const std::chrono::nanoseconds took{
        facts.end_unix_ns > facts.start_unix_ns ? facts.end_unix_ns - facts.start_unix_ns : 0};
    return service == query.service && (query.operation.empty() || facts.name == query.operation) &&
           (!query.start_ns || facts.start_unix_ns >= *query.start_ns) &&
           (!query.end_ns || facts.start_unix_ns <= *query.end_ns) &&
           (!query.min_duration || took >= *query.min_duration) && (!query.max_duration || took <= *query.max_duration);
}

}  // namespace

bool trace_store::any_matches(const held_trace& trace, const trace_query& query) const {
    for (const auto& one : trace.entries) {
        if (!one.is_span()) continue;
        const auto facts = archive_.facts(trace, one);
        if (!facts_match(facts, archive_.service_of(one, facts), query)) continue;
        if (query.tags.empty() || matches(archive_.decode(trace, one), query)) return true;
    }
    return false;
}

std::vector<trace_store::number> trace_store::hits(const trace_query& query) const {
    std::vector<number> found;
    const auto& traces = archive_.traces();
    for (number which = 0; which < traces.end(); ++which) {
        const auto& trace = traces[which];
        if (!trace.alive || trace.spans == 0) continue;
        if (query.end_ns && trace.start_ns > *query.end_ns) continue;
        if (any_matches(trace, query)) found.push_back(which);
    }
    std::stable_sort(found.begin(), found.end(),
                     [&](number a, number b) { return traces[a].start_ns > traces[b].start_ns; });
    return found;
}

found_traces trace_store::search(const trace_query& query, std::uint64_t most_bytes) const {
    const std::lock_guard lock{mutex_};
    auto found = hits(query);
    found.resize(std::min(found.size(), query.limit));
    found_traces out;
    std::uint64_t bytes = 0;
    for (const auto which : found) {
        stored_trace one{archive_[which].id, archive_.spans_of(which), archive_[which].dropped};
        for (const auto& span : one.spans) bytes += tracing::memory_of(span);
        out.cut_off = bytes > most_bytes && !out.traces.empty();
        if (out.cut_off) break;
        out.traces.push_back(std::move(one));
    }
    return out;
}

std::vector<trace_id> trace_store::matching(const trace_query& query) const {
    const std::lock_guard lock{mutex_};
    std::vector<trace_id> ids;
    for (const auto which : hits(query)) ids.push_back(archive_[which].id);
    return ids;
}

bool trace_store::may_match(const held_trace& trace, const chain_query& query) const {
    if (query.start_ns && trace.start_ns < *query.start_ns) return false;
    if (query.service.empty() && !query.errors_only) return true;
    for (const auto& one : trace.entries) {
        if (!one.is_span()) continue;
        const auto facts = archive_.facts(trace, one);
        if (query.service.empty() ? facts.status == tracing::status_code::error
                                  : archive_.service_of(one, facts) == query.service)
            return true;
    }
    return false;
}

std::vector<chain_candidate> trace_store::candidates(const chain_query& query) const {
    const std::lock_guard lock{mutex_};
    std::vector<chain_candidate> found;
    const auto& traces = archive_.traces();
    if (!query.key.empty()) {
        for (const auto which : archive_.with_key(query.key, query.value))
            found.push_back({traces[which].start_ns, traces[which].id});
        return found;
    }
    for (number which = 0; which < traces.end(); ++which)
        if (traces[which].alive && traces[which].spans > 0 && may_match(traces[which], query))
            found.push_back({traces[which].start_ns, traces[which].id});
    return found;
}

}  // namespace outrider::collector
