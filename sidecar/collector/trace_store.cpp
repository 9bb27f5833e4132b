#include "sidecar/collector/trace_store.hpp"

#include <algorithm>

#include "sidecar/collector/span_match.hpp"

namespace outrider::collector {

using tracing::span_data;
using tracing::span_origin;

namespace {

// What the maps and lists around a trace and a span take, generously; a vector may have room for as many spans again.
constexpr std::uint64_t trace_overhead = 400;
constexpr std::uint64_t span_overhead = 200 + sizeof(span_data);
// A trace of very many origins would otherwise make every span slower to take in.
constexpr std::size_t origins_compared = 16;

/// A span's share of the store; its name stands in the index of operations too.
std::uint64_t cost_of(const span_data& span) {
    return tracing::memory_of(span) + span_overhead + span.name.size() + tracing::service_of(span).size();
}

std::uint64_t cost_of(const span_origin& origin) {
    std::uint64_t total = sizeof origin + origin.scope_name.size() + origin.scope_version.size();
    for (const auto& one : origin.resource.attributes) total += tracing::memory_of(one);
    return total;
}

/// Gives back what decoding reserved for more: spans are kept for long.
void trim(span_data& span) {
    span.attributes.shrink_to_fit();
    span.events.shrink_to_fit();
    span.links.shrink_to_fit();
}

}  // namespace

/// The spans of one trace, found by their id.
struct trace_store::trace {
    tracing::trace_id id;
    std::vector<span_data> spans;
    std::map<tracing::span_id, std::size_t> by_id;
    /// One per resource and scope: requests that say the same again share it.
    std::vector<std::shared_ptr<const span_origin>> origins;
    std::uint64_t bytes = trace_overhead;
    std::uint64_t dropped = 0;

    std::uint64_t start_ns() const {
        std::uint64_t first = UINT64_MAX;
        for (const auto& span : spans) first = std::min(first, span.start_unix_ns);
        return first;
    }

    std::shared_ptr<const span_origin> known(const std::shared_ptr<const span_origin>& origin) const {
        const auto last = std::min(origins.size(), origins_compared);
        for (auto one = origins.rbegin(); one != origins.rbegin() + static_cast<std::ptrdiff_t>(last); ++one)
            if (*one == origin || **one == *origin) return *one;
        return nullptr;
    }

    stored_trace copy() const { return {id, spans, dropped}; }
};

trace_store::trace_store(store_limits limits) : limits_(limits) {}

trace_store::~trace_store() = default;

std::uint64_t trace_store::add(std::vector<span_data> spans) {
    const std::lock_guard lock{mutex_};
    std::uint64_t dropped = 0;
    for (auto& span : spans)
        if (!add_one(std::move(span))) ++dropped;
    return dropped;
}

bool trace_store::add_one(span_data span) {
    ++counters_.received;
    trim(span);
    if (!span.origin) span.origin = std::make_shared<const span_origin>();
    trace& into = touch(span.trace);
    const bool kept = put(into, std::move(span));
    if (!kept) {
        ++counters_.dropped;
        ++into.dropped;
    }
    make_room(&into);
    return kept;
}

trace_store::trace& trace_store::touch(const tracing::trace_id& id) {
    const auto at = by_id_.find(id);
    if (at != by_id_.end()) {
        traces_.splice(traces_.begin(), traces_, at->second);
    } else {
        traces_.emplace_front().id = id;
        by_id_.emplace(id, traces_.begin());
        counters_.bytes += trace_overhead;
        ++counters_.traces;
    }
    return traces_.front();
}

bool trace_store::put(trace& into, span_data span) {
    const auto known = into.known(span.origin);
    const std::uint64_t origin_cost = known ? 0 : cost_of(*span.origin);
    const std::uint64_t added = cost_of(span) + origin_cost;
    const auto old = into.by_id.find(span.span);
    const std::uint64_t freed = old == into.by_id.end() ? 0 : cost_of(into.spans[old->second]);
    if (into.bytes - freed + added > limits_.trace_bytes) return false;
    if (known)
        span.origin = known;
    else
        into.origins.push_back(span.origin);
    index(span);
    if (old == into.by_id.end()) {
        into.by_id.emplace(span.span, into.spans.size());
        into.spans.push_back(std::move(span));
        ++counters_.stored;
    } else {
        unindex(into.spans[old->second]);
        into.spans[old->second] = std::move(span);
        ++counters_.replaced;
    }
    into.bytes += added - freed;
    counters_.bytes += added - freed;
    return true;
}

void trace_store::index(const span_data& span) {
    ++operations_[std::string{tracing::service_of(span)}][{span.name, span.kind}];
}

void trace_store::unindex(const span_data& span) {
    const auto service = operations_.find(tracing::service_of(span));
    const auto operation = service->second.find({span.name, span.kind});
    if (--operation->second > 0) return;
    service->second.erase(operation);
    if (service->second.empty()) operations_.erase(service);
}

/// @param keep  the trace that is being added to: it is within its own bound
void trace_store::make_room(const trace* keep) {
    while (counters_.bytes > limits_.bytes || counters_.traces > limits_.traces) {
        if (&traces_.back() == keep) return;
        evict(std::prev(traces_.end()));
    }
}

void trace_store::evict(trace_list::iterator which) {
    for (const auto& span : which->spans) unindex(span);
    counters_.stored -= which->spans.size();
    counters_.evicted += which->spans.size();
    counters_.bytes -= which->bytes;
    --counters_.traces;
    ++counters_.evicted_traces;
    by_id_.erase(which->id);
    traces_.erase(which);
}

stored_trace trace_store::find(const tracing::trace_id& id) const {
    const std::lock_guard lock{mutex_};
    const auto at = by_id_.find(id);
    if (at == by_id_.end()) return {id, {}, 0};
    return at->second->copy();
}

found_traces trace_store::search(const trace_query& query, std::uint64_t most_bytes) const {
    const std::lock_guard lock{mutex_};
    std::vector<std::pair<std::uint64_t, const trace*>> hits;
    for (const auto& one : traces_)
        if (std::any_of(one.spans.begin(), one.spans.end(),
                        [&](const span_data& span) { return matches(span, query); }))
            hits.emplace_back(one.start_ns(), &one);
    std::sort(hits.begin(), hits.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    hits.resize(std::min(hits.size(), query.limit));
    found_traces found;
    std::uint64_t bytes = 0;
    for (const auto& [start, one] : hits) {
        bytes += one->bytes;
        found.cut_off = bytes > most_bytes && !found.traces.empty();
        if (found.cut_off) break;
        found.traces.push_back(one->copy());
    }
    return found;
}

std::vector<std::string> trace_store::services() const {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> names;
    for (const auto& [name, of] : operations_) names.push_back(name);
    return names;
}

std::vector<operation> trace_store::operations(const std::string& service) const {
    const std::lock_guard lock{mutex_};
    std::vector<operation> all;
    const auto at = operations_.find(service);
    if (at == operations_.end()) return all;
    for (const auto& [one, spans] : at->second) all.push_back(one);
    return all;
}

store_counters trace_store::counters() const {
    const std::lock_guard lock{mutex_};
    return counters_;
}

}  // namespace outrider::collector
