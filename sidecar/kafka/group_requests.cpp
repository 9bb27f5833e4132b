#include "sidecar/kafka/group_requests.hpp"

#include <algorithm>
#include <array>

#include "sidecar/kafka/apis.hpp"

namespace outrider::kafka {
namespace {

constexpr std::int16_t offset_fetch = 9;

// OffsetCommit, JoinGroup, Heartbeat, LeaveGroup, SyncGroup, ConsumerGroupHeartbeat, ShareGroupHeartbeat, ShareFetch,
// ShareAcknowledge, StreamsGroupHeartbeat.
constexpr std::array<std::int16_t, 10> group_comes_first{8, 11, 12, 13, 14, 68, 76, 78, 79, 88};

bool names_a_group(std::int16_t key, std::int16_t version) {
    // Later versions of OffsetFetch ask for several groups.
    if (key == offset_fetch) return version <= 7;
    return std::find(group_comes_first.begin(), group_comes_first.end(), key) != group_comes_first.end();
}

void read_partition(wire_reader& in, std::int16_t version, encoding how, committed_partition& out) {
    out.index = in.int32();
    out.offset = in.int64();
    if (version == 1) (void)in.int64();  // timestamp
    if (version >= 6) out.leader_epoch = in.int32();
    (void)in.string(how);  // metadata
    in.skip_tags(how);
}

void read_topic(wire_reader& in, std::int16_t version, std::size_t most, offset_commit& out) {
    auto how = encoding_of(api::offset_commit, version);
    committed_partition partition;
    if (version >= 10) partition.id = in.uuid();
    if (version < 10) partition.topic = in.string(how);
    for (auto left = in.array(how); left > 0 && !in.failed(); --left) {
        read_partition(in, version, how, partition);
        if (out.partitions.size() < most) {
            out.partitions.push_back(partition);
        } else {
            ++out.left_out;
        }
    }
    in.skip_tags(how);
}

}  // namespace

std::string_view group_of_request(std::string_view body, std::int16_t key, std::int16_t version) {
    const auto* facts = find_api(key);
    if (!facts || !names_a_group(key, version)) return {};
    wire_reader in{body};
    auto group = in.string(encoding_of(*facts, version));
    return in.failed() ? std::string_view{} : group;
}

bool read_offset_commit(wire_reader& in, std::int16_t version, std::size_t most, offset_commit& out) {
    out.partitions.clear();
    out.left_out = 0;
    if (version < 0 || version > 10) return false;
    auto how = encoding_of(api::offset_commit, version);
    out.group = in.string(how);
    out.generation = version >= 1 ? in.int32() : -1;
    out.member = version >= 1 ? in.string(how) : std::string_view{};
    if (version >= 7) (void)in.string(how);              // group instance
    if (version >= 2 && version <= 4) (void)in.int64();  // retention
    for (auto topics = in.array(how); topics > 0 && !in.failed(); --topics) read_topic(in, version, most, out);
    in.skip_tags(how);
    return !in.failed();
}

}  // namespace outrider::kafka
