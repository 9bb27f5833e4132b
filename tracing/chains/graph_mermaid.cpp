// A graph as Mermaid's flow chart. Identifiers are ours, so that names from outside stand in quotes only.
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/chains/mermaid_text.hpp"

namespace outrider::tracing {
namespace {

struct brackets {
    std::string_view open, close;
};

brackets shape_of(place_kind kind) {
    switch (kind) {
        case place_kind::topic:
            return {"[(", ")]"};
        case place_kind::outside:
            return {"((", "))"};
        case place_kind::external:
            return {"([", "])"};
        case place_kind::service:
            break;
    }
    return {"[", "]"};
}

void append_node(std::string& out, std::size_t number, const drawn_graph::node& node) {
    const auto shape = shape_of(node.kind);
    out.append("    n").append(std::to_string(number)).append(shape.open).append("\"");
    for (std::size_t i = 0; i < node.lines.size(); ++i)
        out.append(i == 0 ? "" : "<br/>").append(mermaid_text(node.lines[i]));
    out.append("\"").append(shape.close).append(node.bad ? ":::bad\n" : "\n");
}

void append_edge(std::string& out, const drawn_graph::edge& edge) {
    const auto* arrow = edge.inferred || edge.missing ? "-.->" : edge.critical ? "==>" : "-->";
    out.append("    n").append(std::to_string(edge.from)).append(" ").append(arrow);
    if (!edge.label.empty()) out.append("|\"").append(mermaid_text(edge.label)).append("\"|");
    out.append(" n").append(std::to_string(edge.to)).append("\n");
}

void append_note(std::string& out, std::string_view id, const std::string& text) {
    if (!text.empty()) out.append("    ").append(id).append("[\"").append(mermaid_text(text)).append("\"]:::note\n");
}

}  // namespace

std::string graph_mermaid(const drawn_graph& graph) {
    std::string out = "flowchart LR\n";
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) append_node(out, i, graph.nodes[i]);
    std::string bad;
    for (std::size_t i = 0; i < graph.edges.size(); ++i) {
        append_edge(out, graph.edges[i]);
        if (graph.edges[i].bad) bad.append(bad.empty() ? "" : ",").append(std::to_string(i));
    }
    append_note(out, "more", graph.left_out);
    append_note(out, "verdict", graph.title);
    out += "    classDef bad stroke:red,stroke-width:2px\n    classDef note fill:none,stroke:none\n";
    if (!bad.empty()) out.append("    linkStyle ").append(bad).append(" stroke:red,color:red\n");
    return out;
}

}  // namespace outrider::tracing
