#include <algorithm>
#include <map>
#include <tuple>

#include "tracing/stitch/id_order.hpp"
#include "tracing/stitch/rewrite.hpp"
#include "tracing/stitch/rewrite_parts.hpp"

namespace outrider::tracing {
namespace {

constexpr std::uint64_t year_ns = 366ULL * 24 * 3600 * 1'000'000'000;
constexpr auto nowhere = static_cast<std::size_t>(-1);

bool possible(const span_data& span) {
    return span.start_unix_ns != 0 && span.end_unix_ns >= span.start_unix_ns && span.end_unix_ns < INT64_MAX;
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

/// The parents of the spans of one trace, as places.
std::vector<std::size_t> parents_of(const std::vector<span_data>& spans) {
    small_memory memory;
    std::pmr::map<std::pair<span_id, bool>, std::size_t, by_ids> places{
        memory.get()};  // two of one id: client and server
    for (std::size_t i = 0; i < spans.size(); ++i) places.emplace(std::pair{spans[i].span, receives(spans[i])}, i);
    const auto place = [&](const span_id& id, bool receiver) {
        const auto found = places.find({id, receiver});
        return found == places.end() ? nowhere : found->second;
    };
    std::vector<std::size_t> parents(spans.size(), nowhere);
    for (std::size_t i = 0; i < spans.size(); ++i) {
        const auto& span = spans[i];
        if (receives(span)) parents[i] = place(span.span, false);
        if (parents[i] == nowhere && span.parent.valid()) parents[i] = place(span.parent, true);
        if (parents[i] == nowhere && span.parent.valid()) parents[i] = place(span.parent, false);
    }
    return parents;
}

/// Where to cut a circle that runs through a span.
std::size_t cut_of(const std::vector<span_data>& spans, const std::vector<std::size_t>& parents, std::size_t on) {
    // A server below the client that shares its id cannot be cut off: it names no parent.
    const auto shares_id = [&](std::size_t i) {
        return spans[parents[i]].span == spans[i].span && receives(spans[i]) && !receives(spans[parents[i]]);
    };
    const auto rank = [&](std::size_t i) {
        return std::tuple{shares_id(i), !has_inferred_parent(spans[i]), spans[i].start_unix_ns, spans[i].span};
    };
    auto best = on;
    for (auto at = parents[on]; at != on; at = parents[at]) {
        if (rank(at) < rank(best)) best = at;
    }
    return best;
}

void unhang(span_data& span) {
    if (has_inferred_parent(span)) return drop_inferred_parent(span);
    name_fault(span, circle_fault);
    set_attribute(span.attributes, chain_attributes::original_parent_id, attribute_value{span.parent.hex()});
    span.parent = {};
}

}  // namespace

void name_fault(span_data& span, std::string_view fault) {
    std::string named{text_attribute(span.attributes, chain_attributes::fault)};
    if (named.find(fault) != std::string::npos) return;
    if (!named.empty()) named += ", ";
    set_attribute(span.attributes, chain_attributes::fault, attribute_value{named.append(fault)});
}

void name_impossible_times(std::vector<span_data>& spans) {
    std::vector<std::uint64_t> starts;
    for (const auto& span : spans) {
        if (possible(span)) starts.push_back(span.start_unix_ns);
    }
    const auto middle = starts.begin() + static_cast<std::ptrdiff_t>(starts.size() / 2);
    if (!starts.empty()) std::nth_element(starts.begin(), middle, starts.end());
    for (auto& span : spans) {
        if (!possible(span) || distance(span.start_unix_ns, *middle) > year_ns ||
            distance(span.end_unix_ns, *middle) > year_ns)
            name_fault(span, "impossible times");
    }
}

void cut_circles(std::vector<span_data>& spans) {
    auto parents = parents_of(spans);
    std::vector<bool> done(spans.size()), on_path(spans.size());
    std::vector<std::size_t> path;
    for (std::size_t from = 0; from < spans.size(); ++from) {
        path.clear();
        auto at = from;
        for (; at != nowhere && !done[at] && !on_path[at]; at = parents[at]) {
            on_path[at] = true;
            path.push_back(at);
        }
        if (at != nowhere && on_path[at]) {
            const auto cut = cut_of(spans, parents, at);
            parents[cut] = nowhere;
            unhang(spans[cut]);
        }
        for (auto each : path) {
            done[each] = true;
            on_path[each] = false;
        }
    }
}

void name_many_spans(std::vector<span_data>& spans) {
    if (spans.size() <= many_spans) return;
    const auto rank = [](const span_data& span) {
        return std::tuple{span.parent.valid(), span.start_unix_ns, span.span};
    };
    name_fault(
        *std::min_element(spans.begin(), spans.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); }),
        "too many spans");
}

}  // namespace outrider::tracing
