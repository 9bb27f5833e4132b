#include "sidecar/kafka/fetch_request.hpp"

#include <utility>

#include "sidecar/kafka/apis.hpp"

namespace outrider::kafka {
namespace {

constexpr std::uint32_t replica_state_tag = 1;

template <typename Partition>
void read_topic(wire_reader& in, std::int16_t version, encoding how, Partition& out) {
    if (version >= 13) out.id = in.uuid();
    if (version < 13) out.topic = in.string(how);
}

void read_partition(wire_reader& in, std::int16_t version, encoding how, wanted_partition& out) {
    out.index = in.int32();
    if (version >= 9) out.leader_epoch = in.int32();
    out.offset = in.int64();
    if (version >= 12) (void)in.int32();  // last fetched epoch
    if (version >= 5) (void)in.int64();   // where a follower's log starts
    out.max_bytes = in.int32();
    in.skip_tags(how);
}

void read_topics(wire_reader& in, std::int16_t version, encoding how, fetch_request& out) {
    for (auto topics = in.array(how); topics > 0 && !in.failed(); --topics) {
        wanted_partition partition;
        read_topic(in, version, how, partition);
        for (auto partitions = in.array(how); partitions > 0 && !in.failed(); --partitions) {
            read_partition(in, version, how, partition);
            out.partitions.push_back(partition);
        }
        in.skip_tags(how);
    }
}

void read_forgotten(wire_reader& in, std::int16_t version, encoding how, fetch_request& out) {
    for (auto topics = in.array(how); topics > 0 && !in.failed(); --topics) {
        forgotten_partition partition;
        read_topic(in, version, how, partition);
        for (auto partitions = in.array(how); partitions > 0 && !in.failed(); --partitions) {
            partition.index = in.int32();
            out.forgotten.push_back(partition);
        }
        in.skip_tags(how);
    }
}

/// From version 15 on (KIP-903) the replica's id is in a tagged field, which consumers leave out.
void read_top_tags(wire_reader& in, std::int16_t version, fetch_request& out) {
    for (auto count = in.unsigned_varint(); count > 0 && !in.failed(); --count) {
        auto number = in.unsigned_varint();
        auto value = in.take(in.unsigned_varint());
        if (version < 15 || number != replica_state_tag) continue;
        wire_reader state{value};
        out.replica_id = state.int32();
        if (state.failed()) in.fail();
    }
}

}  // namespace

std::optional<std::int32_t> max_wait_of_fetch(std::string_view body, std::int16_t version) {
    wire_reader in{body};
    if (version <= 14) in.skip(4);  // replica id
    const auto wait = in.int32();
    return in.failed() ? std::nullopt : std::optional{wait};
}

bool read_fetch_request(wire_reader& in, std::int16_t version, fetch_request& out) {
    fetch_request fresh;
    std::swap(fresh.partitions, out.partitions);
    std::swap(fresh.forgotten, out.forgotten);
    out = std::move(fresh);
    out.partitions.clear();
    out.forgotten.clear();
    if (version < 0 || version > 18) return false;
    auto how = encoding_of(api::fetch, version);
    if (version <= 14) out.replica_id = in.int32();
    out.max_wait_ms = in.int32();
    out.min_bytes = in.int32();
    if (version >= 3) out.max_bytes = in.int32();
    if (version >= 4) out.isolation_level = in.int8();
    if (version >= 7) out.session_id = in.int32();
    if (version >= 7) out.session_epoch = in.int32();
    read_topics(in, version, how, out);
    if (version >= 7) read_forgotten(in, version, how, out);
    if (version >= 11) out.rack = in.string(how);
    if (how == encoding::flexible) read_top_tags(in, version, out);
    return !in.failed();
}

}  // namespace outrider::kafka
