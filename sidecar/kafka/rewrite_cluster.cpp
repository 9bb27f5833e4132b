// Answers about the cluster itself: Metadata, FindCoordinator, DescribeCluster, DescribeQuorum.
#include "sidecar/kafka/rewrite_edit.hpp"

namespace outrider::kafka {
namespace {

constexpr std::int16_t coordinator_not_available = 15;

void pass_metadata_partition(rewriting& at) {
    at.in.skip(2 + 4 + 4);  // error, partition, leader
    if (at.version >= 7) at.in.skip(4);
    pass_array_of(at, 4);  // replicas
    pass_array_of(at, 4);  // in sync
    if (at.version >= 5) pass_array_of(at, 4);
    at.in.skip_tags(at.how);
}

void pass_metadata_topic(rewriting& at) {
    at.in.skip(2);  // error
    auto name = at.in.string(at.how);
    auto id = at.version >= 10 ? at.in.uuid() : topic_id{};
    if (at.version >= 1) (void)at.in.boolean();  // internal
    pass_array(at, [&] { pass_metadata_partition(at); });
    if (at.version >= 8) at.in.skip(4);  // authorized operations
    at.in.skip_tags(at.how);
    if (at.in.failed() || !id.valid() || name.empty() || at.facts.topics.size() >= most_learned) return;
    at.facts.topics.push_back({id, std::string{name}});
}

/// Host and port of a coordinator, and where they stand.
struct coordinator {
    std::int32_t id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
};

coordinator read_coordinator(rewriting& at) {
    coordinator found;
    found.begin = at.in.position();
    found.id = at.in.int32();
    found.host = at.in.string(at.how);
    found.port = at.in.int32();
    found.end = at.in.position();
    return found;
}

/// The id, host and port to show for a coordinator that has a host.
std::string shown_coordinator(rewriting& at, const coordinator& found, const std::optional<host_port>& advertised) {
    std::string bytes;
    wire_writer out{bytes};
    out.int32(advertised ? found.id : -1);
    out.string(advertised ? std::string_view{advertised->host} : std::string_view{""}, at.how);
    out.int32(advertised ? advertised->port : -1);
    return bytes;
}

std::string unavailable() {
    std::string bytes;
    wire_writer{bytes}.int16(coordinator_not_available);
    return bytes;
}

/// Versions 0 to 3: one coordinator, behind its error.
void rewrite_only_coordinator(rewriting& at) {
    auto error_at = at.in.position();
    at.in.skip(2);
    if (at.version >= 1) (void)at.in.string(at.how);  // message
    auto found = read_coordinator(at);
    at.in.skip_tags(at.how);
    if (at.in.failed() || found.host.empty()) return;
    learn_node(at, {node_kind::broker, found.id}, found.host, found.port);
    if (at.plan.keeps()) return;
    auto advertised = at.plan.advertise({node_kind::broker, found.id});
    if (!advertised) at.edit.replace(error_at, error_at + 2, unavailable());
    at.edit.replace(found.begin, found.end, shown_coordinator(at, found, advertised));
}

/// Versions from 4 on: one for each key, before its error.
void rewrite_coordinator_of_key(rewriting& at) {
    (void)at.in.string(at.how);  // key
    auto found = read_coordinator(at);
    auto error_at = at.in.position();
    at.in.skip(2);
    (void)at.in.string(at.how);  // message
    at.in.skip_tags(at.how);
    if (at.in.failed() || found.host.empty()) return;
    learn_node(at, {node_kind::broker, found.id}, found.host, found.port);
    if (at.plan.keeps()) return;
    auto advertised = at.plan.advertise({node_kind::broker, found.id});
    at.edit.replace(found.begin, found.end, shown_coordinator(at, found, advertised));
    if (!advertised) at.edit.replace(error_at, error_at + 2, unavailable());
}

void pass_replica_states(rewriting& at) {
    pass_array(at, [&] {
        at.in.skip(4);                        // replica
        if (at.version >= 2) at.in.skip(16);  // directory
        at.in.skip(8);                        // log end
        if (at.version >= 1) at.in.skip(8 + 8);
        at.in.skip_tags(at.how);
    });
}

void pass_quorum_partition(rewriting& at) {
    at.in.skip(4 + 2);  // partition, error
    if (at.version >= 2) (void)at.in.string(at.how);
    at.in.skip(4 + 4 + 8);    // leader, its epoch, high watermark
    pass_replica_states(at);  // voters
    pass_replica_states(at);  // observers
    at.in.skip_tags(at.how);
}

void hide_listeners(rewriting& at) {
    auto from = at.in.position();
    bool any = false;
    pass_array(at, [&] {
        any = true;
        (void)at.in.string(at.how);  // name
        (void)at.in.string(at.how);  // host
        at.in.skip(2);               // port
        at.in.skip_tags(at.how);
    });
    if (!any || at.in.failed() || at.plan.keeps()) return;
    std::string none;
    wire_writer{none}.array(0, at.how);
    at.edit.replace(from, at.in.position(), none);
}

}  // namespace

void rewrite_metadata(rewriting& at) {
    if (at.version >= 3) at.in.skip(4);  // throttle
    rewrite_nodes(at, {.rack = at.version >= 1});
    if (at.version >= 2) at.facts.cluster_id = at.in.string(at.how);
    if (at.version >= 1) at.in.skip(4);  // controller
    pass_array(at, [&] { pass_metadata_topic(at); });
    if (at.version >= 8 && at.version <= 10) at.in.skip(4);  // authorized operations
    if (at.version >= 13) at.in.skip(2);                     // error
    at.in.skip_tags(at.how);
}

void rewrite_find_coordinator(rewriting& at) {
    if (at.version >= 1) at.in.skip(4);  // throttle
    if (at.version <= 3) return rewrite_only_coordinator(at);
    pass_array(at, [&] { rewrite_coordinator_of_key(at); });
    at.in.skip_tags(at.how);
}

void rewrite_describe_cluster(rewriting& at) {
    at.in.skip(4 + 2);           // throttle, error
    (void)at.in.string(at.how);  // message
    auto endpoint_type = at.version >= 1 ? at.in.int8() : 1;
    if (endpoint_type != 1 && endpoint_type != 2) at.in.fail();
    at.facts.cluster_id = at.in.string(at.how);
    at.in.skip(4);  // controller
    rewrite_nodes(at, {.kind = endpoint_type == 2 ? node_kind::controller : node_kind::broker,
                       .rack = true,
                       .fenced = at.version >= 2});
    at.in.skip(4);  // authorized operations
    at.in.skip_tags(at.how);
}

void rewrite_describe_quorum(rewriting& at) {
    at.in.skip(2);  // error
    if (at.version >= 2) (void)at.in.string(at.how);
    pass_array(at, [&] {
        (void)at.in.string(at.how);  // topic
        pass_array(at, [&] { pass_quorum_partition(at); });
        at.in.skip_tags(at.how);
    });
    if (at.version >= 2) {
        pass_array(at, [&] {
            at.in.skip(4);  // node
            hide_listeners(at);
            at.in.skip_tags(at.how);
        });
    }
    at.in.skip_tags(at.how);
}

}  // namespace outrider::kafka
