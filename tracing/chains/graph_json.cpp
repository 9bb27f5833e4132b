// A graph as JSON.
#include <array>

#include "tracing/chains/drawn_graph.hpp"
#include "tracing/json_writer.hpp"

namespace outrider::tracing {
namespace {

std::string_view name_of(place_kind kind) {
    static constexpr std::array<std::string_view, 4> names{"outside", "service", "topic", "external"};
    return names[static_cast<std::size_t>(kind)];
}

/// Nodes are named by their place in the list.
std::string id_of(std::size_t node) { return "n" + std::to_string(node); }

std::string_view kind_of(const drawn_graph::edge& one, const drawn_graph& graph) {
    const auto is_topic = [&](std::size_t node) { return graph.nodes[node].kind == place_kind::topic; };
    if (one.missing) return "missing";
    if (one.timed_out) return "time_out";
    if (one.inferred) return "inferred";
    return is_topic(one.from) || is_topic(one.to) ? "message" : "call";
}

void write(json_writer& out, const drawn_graph::node& one, std::size_t number) {
    out.begin_object();
    out.text("id", id_of(number));
    out.text("kind", name_of(one.kind));
    out.text("label", one.lines.empty() ? std::string_view{} : one.lines.front());
    std::string note;
    for (std::size_t i = 1; i < one.lines.size(); ++i) note.append(i > 1 ? "\n" : "").append(one.lines[i]);
    if (!note.empty()) out.text("note", note);
    if (one.bad) out.boolean("bad", true);
    out.end_object();
}

void write(json_writer& out, const drawn_graph::edge& one, const drawn_graph& graph) {
    out.begin_object();
    out.text("from", id_of(one.from));
    out.text("to", id_of(one.to));
    out.text("label", one.label);
    out.text("kind", kind_of(one, graph));
    if (one.bad) out.boolean("bad", true);
    if (one.critical) out.boolean("critical", true);
    out.end_object();
}

}  // namespace

std::string graph_json(const drawn_graph& graph) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.text("title", graph.title);
    if (!graph.left_out.empty()) out.text("leftOut", graph.left_out);
    out.begin_array("nodes");
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) write(out, graph.nodes[i], i);
    out.end_array();
    out.begin_array("edges");
    for (const auto& one : graph.edges) write(out, one, graph);
    out.end_array();
    out.end_object();
    return text;
}

}  // namespace outrider::tracing
