#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// What became of the records for one partition.
struct produced_partition {
    std::string_view topic;  ///< up to version 12
    topic_id id;             ///< from version 13 on
    std::int32_t index = 0;
    std::int16_t error = 0;
    std::int64_t base_offset = -1;
    std::int64_t log_append_time = -1;  ///< milliseconds; -1 where the producer's timestamps stay
    std::int32_t record_errors = 0;     ///< how many records were refused one by one (KIP-467)
};

/// The answer to a Produce request. Views point into the body; offsets count in what the reader reads.
struct produce_response {
    std::vector<produced_partition> partitions;
    std::int32_t throttle_ms = 0;
    std::size_t throttle_at = 0;  ///< of the int32; 0 in version 0, which has none
    std::size_t tags_at = 0;  ///< of the top-level tagged fields (node endpoints from version 10 on); 0 in classic ones
    bool tagged = false;      ///< there are some
};

/// Reads the body of an answer to a Produce request, versions 0 to 13.
/// @param out  is overwritten; its vector's memory is used again
/// @return false when the body is malformed or the version unknown
bool read_produce_response(wire_reader& in, std::int16_t version, produce_response& out);

}  // namespace outrider::kafka
