#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "tracing/stitch/chain_groups.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/stitch/stitcher.hpp"

namespace outrider::tracing {
namespace {

constexpr std::int64_t second = 1'000'000'000;

/// When a span would have arrived: at its end.
std::int64_t arrival_of(const span_data& span) {
    const auto end = std::max(span.start_unix_ns, span.end_unix_ns);
    return static_cast<std::int64_t>(std::min<std::uint64_t>(end, INT64_MAX / 2));
}

/// In the order of their ends, as they would have come, however the file holds them.
std::vector<decision> decide_all(const std::vector<span_data>& spans) {
    std::vector<const span_data*> order;
    for (const auto& span : spans) order.push_back(&span);
    const auto rank = [](const span_data* span) { return std::tuple{arrival_of(*span), span->trace, span->span}; };
    std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
    stitch_options options;
    options.memory = std::chrono::hours(24 * 365);
    options.memory_bytes = std::numeric_limits<std::uint64_t>::max();
    stitcher stitching{options};
    std::vector<decision> decisions;
    const auto take = [&](std::vector<decision> more) {
        std::move(more.begin(), more.end(), std::back_inserter(decisions));
    };
    // Spans without a possible time come first or last; they must not stretch the time of the others.
    const auto first =
        std::find_if(order.begin(), order.end(), [](const auto* span) { return span->start_unix_ns != 0; });
    const auto begin = first == order.end() ? 0 : arrival_of(**first);
    std::int64_t next = 0;
    for (const auto* span : order) {
        const auto now = std::max(begin, arrival_of(*span));
        if (now >= next) {
            take(stitching.advance(now));
            next = now + second / 8;
        }
        stitching.add(*span, now);
    }
    take(stitching.finish());
    return decisions;
}

}  // namespace

std::vector<std::vector<span_data>> stitch_all(std::vector<span_data> spans) {
    const auto decisions = decide_all(spans);
    chain_groups groups;
    std::map<span_key, const decision*> last;
    for (const auto& each : decisions) {
        groups.apply(each);
        last[each.root] = &each;
    }
    std::map<trace_id, std::vector<span_data>> chains;
    for (auto& span : spans) chains[groups.chain_of(span.trace)].push_back(std::move(span));
    std::map<trace_id, std::vector<decision>> of_chains;
    for (const auto& [root, each] : last) of_chains[groups.chain_of(root.trace)].push_back(*each);
    std::vector<std::vector<span_data>> out;
    for (auto& [chain, members] : chains) out.push_back(rewrite_chain(std::move(members), of_chains[chain], chain));
    const auto start = [](const std::vector<span_data>& chain) {
        auto first = std::numeric_limits<std::uint64_t>::max();
        for (const auto& span : chain) first = std::min(first, span.start_unix_ns);
        return first;
    };
    std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return start(a) < start(b); });
    return out;
}

}  // namespace outrider::tracing
