#include "sidecar/collector/chain_search.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/rewrite.hpp"

namespace outrider::collector {

using tracing::span_data;

namespace {

std::uint64_t not_negative(std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0));
}

/// @param text  of the query, in lower case
bool answers(const tracing::trace_id& id, const chain_digest& digest, const chain_query& query,
             const std::string& text) {
    if (!text.empty() && !digest.has_text(text) && id.hex().find(text) == std::string::npos) return false;
    if (!query.service.empty() && !digest.has_service(query.service)) return false;
    if (query.errors_only && digest.errors == 0) return false;
    if (query.stuck_only && !digest.stuck) return false;
    if (query.start_ns && digest.start_ns < *query.start_ns) return false;
    if (query.end_ns && digest.start_ns > *query.end_ns) return false;
    if (query.max_duration && digest.duration_ns() > not_negative(*query.max_duration)) return false;
    return !query.min_duration || digest.duration_ns() >= not_negative(*query.min_duration);
}

/// Takes the candidates one by one, the most recent first: few of many are looked at, mostly.
class candidates_by_start {
  public:
    explicit candidates_by_start(std::vector<chain_candidate> all) : heap_(std::move(all)) {
        std::make_heap(heap_.begin(), heap_.end());
    }
    std::optional<tracing::trace_id> next() {
        if (heap_.empty()) return std::nullopt;
        std::pop_heap(heap_.begin(), heap_.end());
        const auto id = heap_.back().id;
        heap_.pop_back();
        return id;
    }

  private:
    std::vector<chain_candidate> heap_;
};

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

looked_up_chain look_up(const trace_store& store, digest_shelf& shelf, const tracing::trace_id& id,
                        std::uint64_t now_unix_ns, bool may_read) {
    looked_up_chain out;
    out.mark = store.mark(id);
    if (out.mark.spans == 0) return out;
    out.digest = shelf.find(out.mark.id, out.mark.revision, now_unix_ns);
    if (out.digest || !may_read) return out;
    out.spans_read = out.mark.spans;
    out.digest = shelf.usual().digest_of(shown_chain(store.chain(id)), now_unix_ns);
    out.kept = shelf.put(out.mark.id, out.mark.revision, now_unix_ns, *out.digest);
    return out;
}

found_chains find_chains(const trace_store& store, digest_shelf& shelf, const chain_query& query,
                         std::uint64_t now_unix_ns, std::uint64_t most_spans) {
    found_chains out;
    std::set<tracing::trace_id> seen;
    std::uint64_t spans_read = 0;
    const auto text = lower_case(query.text);
    candidates_by_start candidates{store.candidates(query)};
    for (auto id = candidates.next(); id && out.chains.size() < query.limit; id = candidates.next()) {
        if (seen.contains(*id)) continue;
        auto found = look_up(store, shelf, *id, now_unix_ns, spans_read <= most_spans);
        if (found.mark.spans == 0) continue;  // evicted in between
        out.cut_off = !found.digest;
        if (out.cut_off) break;
        const auto& mark = found.mark;
        if (mark.traces.size() > 1) seen.insert(mark.traces.begin(), mark.traces.end());
        spans_read += found.spans_read;
        if (answers(mark.id, *found.digest, query, text))
            out.chains.push_back({mark.id, std::move(*found.digest), mark.decided});
    }
    std::stable_sort(out.chains.begin(), out.chains.end(),
                     [](const found_chain& a, const found_chain& b) { return a.digest.start_ns > b.digest.start_ns; });
    return out;
}

}  // namespace outrider::collector
