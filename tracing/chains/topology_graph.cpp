// A topology as a graph.
#include <algorithm>
#include <map>

#include "tracing/chains/drawn_graph.hpp"
#include "tracing/chains/drawn_text.hpp"

namespace outrider::tracing {
namespace {

std::string figures_text(const traffic_figures& of) {
    if (of.count == 0) return {};
    auto text = of.per_second > 0 ? rate_text(of.per_second) : std::to_string(of.count) + "x";
    text += ", p95 " + time_text(of.p95_ns);
    if (of.queued) text += ", queue p95 " + time_text(of.queue_p95_ns);
    if (of.errors != 0) text += ", " + plural(of.errors, "error");
    return text;
}

drawn_graph bounded(const topology_view& what, const drawing_limits& limits) {
    drawn_graph out;
    std::map<place, std::size_t> numbers;
    std::size_t left_out = what.left_out;
    for (const auto& node : what.nodes) {
        if (out.nodes.size() >= limits.nodes) {
            ++left_out;
            continue;
        }
        numbers[node.at] = out.nodes.size();
        auto& drawn = out.nodes.emplace_back();
        drawn.kind = node.at.kind;
        drawn.lines.push_back(node.at.kind == place_kind::outside ? "outside"
                                                                  : short_name(node.at.name, limits.columns));
        if (node.at.kind == place_kind::service && node.figures.count != 0)
            drawn.lines.push_back(figures_text(node.figures));
        drawn.bad = node.at.kind == place_kind::service && node.figures.errors != 0;
    }
    for (const auto& edge : what.edges) {
        const auto from = numbers.find(edge.from), to = numbers.find(edge.to);
        if (out.edges.size() >= limits.edges || from == numbers.end() || to == numbers.end()) {
            ++left_out;
            continue;
        }
        auto& drawn = out.edges.emplace_back();
        drawn.from = from->second;
        drawn.to = to->second;
        drawn.label = figures_text(edge.figures);
        drawn.bad = edge.figures.errors != 0;
    }
    out.title = plural(what.chains, "chain");
    if (what.seconds > 0)
        out.title += " in " + time_text(static_cast<std::uint64_t>(std::min(what.seconds, 1e9) * 1e9));
    if (left_out != 0) out.left_out = "... " + plural(left_out, "more place") + " or arrows";
    return out;
}

}  // namespace

drawn_graph graph_of(const topology_view& what, const drawing_limits& limits) {
    for (auto how = limits;; how.nodes /= 2, how.edges /= 2) {
        auto drawn = bounded(what, how);
        if (how.nodes <= 8 || graph_mermaid(drawn).size() <= limits.text_bytes) return drawn;
    }
}

}  // namespace outrider::tracing
