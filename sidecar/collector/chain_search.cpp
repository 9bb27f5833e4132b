#include "sidecar/collector/chain_search.hpp"

#include <algorithm>
#include <set>

#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/rewrite.hpp"

namespace outrider::collector {

using tracing::span_data;

namespace {

bool has_service(const std::vector<span_data>& spans, const std::string& name) {
    return name.empty() || std::any_of(spans.begin(), spans.end(),
                                       [&](const span_data& one) { return tracing::service_of(one) == name; });
}

bool answers(const chain_digest& digest, const chain_query& query) {
    if (query.errors_only && digest.errors == 0) return false;
    if (query.stuck_only && !digest.stuck) return false;
    if (query.start_ns && digest.start_ns < *query.start_ns) return false;
    if (query.end_ns && digest.start_ns > *query.end_ns) return false;
    return !query.min_duration ||
           digest.duration_ns() >= static_cast<std::uint64_t>(std::max<std::int64_t>(query.min_duration->count(), 0));
}

}  // namespace

std::vector<span_data> shown_chain(stored_chain chain) {
    auto spans = tracing::rewrite_chain(std::move(chain.spans), chain.decisions, chain.id);
    for (auto& one : spans) tracing::strip_captured(one);
    if (chain.dropped > 0 && !spans.empty() &&
        tracing::find_attribute(spans.front().attributes, tracing::chain_attributes::fault) == nullptr)
        spans.front().attributes.push_back(
            {std::string{tracing::chain_attributes::fault}, tracing::attribute_value{std::string{"too many spans"}}});
    return spans;
}

found_chains find_chains(const trace_store& store, const chain_query& query, std::uint64_t now_unix_ns,
                         std::uint64_t most_spans) {
    found_chains out;
    std::set<tracing::trace_id> seen;
    std::uint64_t spans_seen = 0;
    for (const auto& id : store.candidates(query)) {
        if (out.chains.size() >= query.limit) break;
        if (seen.contains(id)) continue;
        out.cut_off = spans_seen > most_spans;
        if (out.cut_off) break;
        auto chain = store.chain(id);
        for (const auto& each : chain.traces) seen.insert(each);
        spans_seen += chain.spans.size();
        if (chain.spans.empty() || !has_service(chain.spans, query.service)) continue;
        found_chain one{chain.id, {}, chain.decided};
        one.digest = digest_of(shown_chain(std::move(chain)), now_unix_ns);
        if (answers(one.digest, query)) out.chains.push_back(std::move(one));
    }
    std::stable_sort(out.chains.begin(), out.chains.end(),
                     [](const found_chain& a, const found_chain& b) { return a.digest.start_ns > b.digest.start_ns; });
    return out;
}

}  // namespace outrider::collector
