#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/cluster_map.hpp"
#include "sidecar/kafka/node_address.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// A copy of some bytes with parts replaced. Nothing is copied before the first part is.
class byte_edit {
  public:
    byte_edit(std::string_view original, std::string& out) : original_(original), out_(out) {}

    /// `with` takes the place of the bytes from `begin` to `end`. Parts come in the order of the original.
    void replace(std::size_t begin, std::size_t end, std::string_view with) {
        out_.append(original_.substr(copied_, begin - copied_));
        out_.append(with);
        copied_ = end;
        changed_ = true;
    }

    /// @return whether anything was replaced; the copy is whole then
    bool finish() {
        if (changed_) out_.append(original_.substr(copied_));
        return changed_;
    }

  private:
    std::string_view original_;
    std::string& out_;
    std::size_t copied_ = 0;
    bool changed_ = false;
};

/// One answer on its way through a rewrite.
struct rewriting {
    wire_reader in;
    byte_edit edit;
    std::int16_t version;
    encoding how;
    const address_plan& plan;
    learned& facts;
};

/// What the messages write for a node beside its id, host and port.
struct node_shape {
    node_kind kind = node_kind::broker;
    bool rack = true;
    bool fenced = false;
};

/// The most nodes and topics that one answer can teach.
inline constexpr std::size_t most_learned = 100'000;

void learn_node(rewriting& at, node_key node, std::string_view host, std::int32_t port);

/// Passes an array of nodes and replaces their addresses.
void rewrite_nodes(rewriting& at, const node_shape& shape);

/// Passes the tagged fields of a whole message, where field 0 is an array of nodes (KIP-951).
void rewrite_node_tags(rewriting& at);

/// Passes the elements of an array, of none for null: `each()` reads one.
template <class Each>
void pass_array(rewriting& at, Each&& each) {
    auto count = at.in.array(at.how);
    for (std::int32_t i = 0; i < count && !at.in.failed(); ++i) each();
}

/// Passes an array of elements that are `size` bytes each.
void pass_array_of(rewriting& at, std::size_t size);

// One per message; the header of the answer has been read.
void rewrite_metadata(rewriting& at);
void rewrite_find_coordinator(rewriting& at);
void rewrite_describe_cluster(rewriting& at);
void rewrite_describe_quorum(rewriting& at);
void rewrite_produce(rewriting& at);
void rewrite_fetch(rewriting& at);
void rewrite_share_fetch(rewriting& at);
void rewrite_share_acknowledge(rewriting& at);

}  // namespace outrider::kafka
