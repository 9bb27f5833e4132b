#include "sidecar/kafka/rewrite_edit.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace outrider::kafka {
namespace {

/// One node of an array; views into the answer.
struct node_entry {
    std::int32_t id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::string_view rest;  ///< all that follows the port
};

node_entry read_node(rewriting& at, const node_shape& shape) {
    node_entry node{at.in.int32(), at.in.string(at.how), at.in.int32(), {}};
    auto from = at.in.position();
    if (shape.rack) (void)at.in.string(at.how);
    if (shape.fenced) (void)at.in.boolean();
    at.in.skip_tags(at.how);
    node.rest = at.in.since(from);
    return node;
}

/// An array of nodes as it is to be shown.
struct shown_nodes {
    std::string bytes;  ///< without the count
    std::int32_t count = 0;
    bool changed = false;
};

void show(rewriting& at, const node_entry& node, node_kind kind, shown_nodes& into) {
    host_port shown{std::string{node.host}, node.port};
    if (!node.host.empty()) {
        learn_node(at, {kind, node.id}, node.host, node.port);
        auto advertised = at.plan.shown({kind, node.id}, shown);
        into.changed |= advertised != shown;
        if (!advertised) return;
        shown = *std::move(advertised);
    }
    wire_writer out{into.bytes};
    out.int32(node.id);
    // An empty host shows nothing, null or not.
    out.string(node.host.empty() ? node.host : std::string_view{shown.host}, at.how);
    out.int32(shown.port);
    out.raw(node.rest);
    ++into.count;
}

/// Passes an array of nodes; @return what it becomes with its count, empty when it stays as it is
std::string shown_array(rewriting& at, const node_shape& shape) {
    shown_nodes shown;
    pass_array(at, [&] {
        auto node = read_node(at, shape);
        if (!at.in.failed()) show(at, node, shape.kind, shown);
    });
    if (!shown.changed || at.in.failed()) return {};
    std::string array;
    wire_writer out{array};
    out.array(shown.count, at.how);
    out.raw(shown.bytes);
    return array;
}

/// Passes the content of tagged field 0, from its size on.
void rewrite_node_tag(rewriting& at) {
    auto from = at.in.position();
    auto size = at.in.unsigned_varint();
    auto begin = at.in.position();
    auto array = shown_array(at, {});
    if (at.in.position() - begin != size) at.in.fail();
    if (array.empty() || at.in.failed()) return;
    std::string field;
    wire_writer{field}.unsigned_varint(static_cast<std::uint32_t>(array.size()));
    field += array;
    at.edit.replace(from, at.in.position(), field);
}

}  // namespace

void learn_node(rewriting& at, node_key node, std::string_view host, std::int32_t port) {
    if (node.id < 0 || at.facts.nodes.size() >= most_learned) return;
    at.facts.nodes.push_back({node, {std::string{host}, port}});
}

void rewrite_nodes(rewriting& at, const node_shape& shape) {
    auto from = at.in.position();
    auto array = shown_array(at, shape);
    if (!array.empty()) at.edit.replace(from, at.in.position(), array);
}

void rewrite_node_tags(rewriting& at) {
    auto count = at.in.unsigned_varint();
    for (std::uint32_t i = 0; i < count && !at.in.failed(); ++i) {
        if (at.in.unsigned_varint() == 0)
            rewrite_node_tag(at);
        else
            at.in.skip(at.in.unsigned_varint());
    }
}

void pass_array_of(rewriting& at, std::size_t size) {
    at.in.skip(static_cast<std::size_t>(std::max(at.in.array(at.how), 0)) * size);
}

}  // namespace outrider::kafka
