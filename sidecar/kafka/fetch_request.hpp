#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// One partition that a fetch asks for, or adds to its session. What a version does not have is -1.
struct wanted_partition {
    std::string_view topic;  ///< up to version 12
    topic_id id;             ///< from version 13 on
    std::int32_t index = 0;
    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;
    std::int32_t max_bytes = 0;
};

/// One partition that leaves the session.
struct forgotten_partition {
    std::string_view topic;
    topic_id id;
    std::int32_t index = 0;
};

/// A Fetch request. Views point into the body.
struct fetch_request {
    std::int32_t replica_id = -1;  ///< -1 is a consumer; a broker that follows has its own
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = 0x7fffffff;
    std::int8_t isolation_level = 0;  ///< 1: read committed
    std::int32_t session_id = 0;
    std::int32_t session_epoch = -1;  ///< -1: no session; 0: a new one
    std::string_view rack;
    std::vector<wanted_partition> partitions;  ///< within a session those that changed
    std::vector<forgotten_partition> forgotten;
};

/// How long a fetch waits that brings nothing: as long as its client allows, but not so short that it comes again and
/// again, and not so long that heartbeats behind it come late.
constexpr std::chrono::milliseconds wait_of_paused_fetch(std::int32_t max_wait_ms) {
    return std::chrono::milliseconds{std::clamp(max_wait_ms, 20, 1'000)};
}

/// How long a Fetch may wait, from the beginning of its body; nothing when there is too little of it.
std::optional<std::int32_t> max_wait_of_fetch(std::string_view body, std::int16_t version);

/// Reads the body of a Fetch request, versions 0 to 18.
/// @param out  is overwritten; the memory of its vectors is used again
/// @return false when the body is malformed or the version unknown
bool read_fetch_request(wire_reader& in, std::int16_t version, fetch_request& out);

}  // namespace outrider::kafka
