#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tracing/chains/chain.hpp"
#include "tracing/chains/chain_analysis.hpp"
#include "tracing/chains/topology.hpp"

namespace outrider::tracing {

/// Boxes and arrows, ready to be drawn. All texts are printable and short.
struct drawn_graph {
    struct node {
        place_kind kind = place_kind::service;
        std::vector<std::string> lines;
        bool bad = false;  ///< something is wrong here
    };
    struct edge {
        std::size_t from = 0, to = 0;
        std::string label;
        bool inferred = false, bad = false, critical = false;
        bool missing = false;    ///< should have been there
        bool timed_out = false;  ///< somebody did not wait any longer
    };
    std::vector<node> nodes;
    std::vector<edge> edges;
    std::string title;
    std::string left_out;  ///< what is not drawn, in words; empty: nothing
};

/// How much a drawing may show; Mermaid itself refuses more than 500 edges, and 50,000 characters.
struct drawing_limits {
    std::size_t spans = 400, nodes = 120, edges = 300;
    std::size_t columns = 40;         ///< of one name
    std::size_t text_bytes = 45'000;  ///< of a drawing as Mermaid
};

/// A chain as a flow chart: operations of services, and topics; arrows are numbered in the order of time.
drawn_graph flow_of(const chain& one, const chain_analysis& known, const drawing_limits& limits = {});
/// A topology as a graph.
drawn_graph graph_of(const topology_view& what, const drawing_limits& limits = {});

/// Mermaid's `flowchart LR`.
std::string graph_mermaid(const drawn_graph& graph);
/// `{"title","leftOut","nodes":[{"id","kind","label","note","bad"}],"edges":[{"from","to","label","kind":
/// "call|message|time_out|inferred|missing","bad","critical"}]}`, for who draws it by other means. What is empty or
/// false is left out.
std::string graph_json(const drawn_graph& graph);
/// A picture of its own: no script, nothing fetched, readable on light and dark ground.
std::string graph_svg(const drawn_graph& graph);

}  // namespace outrider::tracing
