// A topology as JSON, both ways.
#include <algorithm>
#include <array>
#include <cmath>

#include "tracing/chains/topology.hpp"
#include "tracing/json_reader.hpp"
#include "tracing/json_writer.hpp"

namespace outrider::tracing {
namespace {

constexpr std::array<std::string_view, 4> kinds{"outside", "service", "topic", "external"};
constexpr std::size_t most_lines = 100'000;

std::string id_of(const place& where) {
    return std::string{kinds[static_cast<std::size_t>(where.kind)]}.append(":").append(where.name);
}

void write_figures(json_writer& out, const traffic_figures& figures) {
    out.number("count", figures.count);
    out.number("errors", figures.errors);
    if (figures.messages != 0) out.number("messages", figures.messages);
    out.number("perSecond", figures.per_second);
    out.quoted("p50Nano", figures.p50_ns);
    out.quoted("p95Nano", figures.p95_ns);
    out.quoted("p99Nano", figures.p99_ns);
    if (!figures.queued) return;
    out.quoted("queueP50Nano", figures.queue_p50_ns);
    out.quoted("queueP95Nano", figures.queue_p95_ns);
    out.quoted("queueP99Nano", figures.queue_p99_ns);
}

double real_member(const json::json& object, const char* name) {
    const auto* value = json::member(object, name);
    const auto number = value == nullptr ? 0 : json::to_double(*value);
    return std::isfinite(number) ? std::max(0.0, number) : 0;
}

traffic_figures read_figures(const json::json& from) {
    traffic_figures out;
    out.count = json::unsigned_member(from, "count");
    out.errors = json::unsigned_member(from, "errors");
    out.messages = json::unsigned_member(from, "messages");
    out.per_second = real_member(from, "perSecond");
    out.p50_ns = json::unsigned_member(from, "p50Nano");
    out.p95_ns = json::unsigned_member(from, "p95Nano");
    out.p99_ns = json::unsigned_member(from, "p99Nano");
    out.queued = json::member(from, "queueP50Nano") != nullptr;
    out.queue_p50_ns = json::unsigned_member(from, "queueP50Nano");
    out.queue_p95_ns = json::unsigned_member(from, "queueP95Nano");
    out.queue_p99_ns = json::unsigned_member(from, "queueP99Nano");
    return out;
}

place read_place(std::string_view id) {
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (id.size() > kinds[i].size() && id.starts_with(kinds[i]) && id[kinds[i].size()] == ':')
            return {static_cast<place_kind>(i), std::string{id.substr(kinds[i].size() + 1)}};
    }
    json::fail();
}

topology_view read(const json::json& document) {
    topology_view out;
    const auto* nodes = json::array_member(document, "nodes");
    const auto* edges = json::array_member(document, "edges");
    if (nodes == nullptr || edges == nullptr || nodes->size() + edges->size() > most_lines) json::fail();
    out.seconds = real_member(document, "seconds");
    out.chains = json::unsigned_member(document, "chains");
    out.left_out = json::unsigned_member(document, "leftOut");
    for (const auto& node : *nodes)
        out.nodes.push_back({read_place(json::text_member(node, "id")), read_figures(node)});
    for (const auto& edge : *edges)
        out.edges.push_back({read_place(json::text_member(edge, "from")), read_place(json::text_member(edge, "to")),
                             read_figures(edge)});
    return out;
}

}  // namespace

std::string topology_json(const topology_view& what) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    out.number("seconds", what.seconds);
    out.number("chains", what.chains);
    out.number("leftOut", what.left_out);
    out.begin_array("nodes");
    for (const auto& node : what.nodes) {
        out.begin_object();
        out.text("id", id_of(node.at));
        out.text("kind", kinds[static_cast<std::size_t>(node.at.kind)]);
        out.text("name", node.at.name);
        write_figures(out, node.figures);
        out.end_object();
    }
    out.end_array();
    out.begin_array("edges");
    for (const auto& edge : what.edges) {
        out.begin_object();
        out.text("from", id_of(edge.from));
        out.text("to", id_of(edge.to));
        write_figures(out, edge.figures);
        out.end_object();
    }
    out.end_array();
    out.end_object();
    return text;
}

boost::system::result<topology_view, std::string> read_topology_json(std::string_view text) {
    try {
        return read(json::parse(text, 8));
    } catch (const decode_failure&) {
        return std::string{"no topology: an object with the arrays nodes and edges is expected"};
    }
}

}  // namespace outrider::tracing
