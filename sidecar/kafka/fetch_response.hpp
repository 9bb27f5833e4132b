#pragma once

#include <cstdint>
#include <string_view>

#include "sidecar/kafka/push_parser.hpp"
#include "sidecar/kafka/records_field.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// What an answer to a fetch says of a partition in front of its records. What a version does not have is -1.
struct fetched_partition {
    std::int32_t index = 0;
    std::int16_t error = 0;
    std::int64_t high_watermark = -1;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    std::int32_t preferred_read_replica = -1;
};

/// Is told what the answer to a fetch holds, in the order of its bytes. Views are valid during the call.
struct fetch_response_visitor : records_visitor {
    struct head {
        std::int32_t throttle_ms = 0;  ///< from version 1 on
        std::int16_t error = 0;        ///< from version 7 on, as the session
        std::int32_t session_id = 0;
    };
    virtual void on_response(const head&) {}
    /// The name up to version 12, the id from 13 on.
    virtual void on_topic(std::string_view /*name*/, const topic_id&) {}
    /// Its on_records() and batches follow.
    virtual void on_partition(const fetched_partition&) {}
    /// Where the top-level tagged fields begin, with their count; not in classic versions.
    virtual void on_tags(std::uint64_t /*position*/) {}
    /// The brokers' own addresses follow (KIP-951). The byte at `position` is the last one of the tag's number, and
    /// always in the piece that was just fed: any value from 1 to 127 written over it makes the tag one that clients
    /// pass over.
    virtual void on_node_endpoints(std::uint64_t /*position*/) {}

  protected:
    ~fetch_response_visitor() = default;
};

/// Parses the body of an answer to a fetch, versions 0 to 18. `to` must outlive the parser.
push_parse parse_fetch_response(fetch_response_visitor& to, std::int16_t version);

}  // namespace outrider::kafka
