#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// The group that a request names, for the APIs whose first field is the group: the calls of members of groups old and
/// new, share groups among them. Only the beginning of the body is looked at.
/// @return a null data() for other APIs, for a null group, and when the body is malformed
std::string_view group_of_request(std::string_view body, std::int16_t key, std::int16_t version);

struct committed_partition {
    std::string_view topic;  ///< up to version 9
    topic_id id;             ///< from version 10 on
    std::int32_t index = 0;
    std::int64_t offset = 0;  ///< the next one to be read
    std::int32_t leader_epoch = -1;
};

/// An OffsetCommit request. Views point into the body.
struct offset_commit {
    std::string_view group;
    std::int32_t generation = -1;
    std::string_view member;
    std::vector<committed_partition> partitions;
    std::size_t left_out = 0;  ///< partitions beyond the limit
};

/// Reads the body of an OffsetCommit request, versions 0 to 10.
/// @param most  partitions that are kept
/// @param out   is overwritten; its vector's memory is used again
/// @return false when the body is malformed or the version unknown
bool read_offset_commit(wire_reader& in, std::int16_t version, std::size_t most, offset_commit& out);

}  // namespace outrider::kafka
