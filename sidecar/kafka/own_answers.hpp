#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// Error codes that the sidecar gives itself.
enum class own_error : std::int16_t {
    not_enough_replicas = 19,  ///< retriable: nothing was appended, the same sequence comes again
    policy_violation = 44,     ///< final, where there is no better one
    invalid_record = 87,       ///< final, with errors for the records (KIP-467); from Produce version 8 on
};

/// What a client is told of one topic of its Produce request that goes nowhere.
struct refused_topic {
    struct partition {
        std::int32_t index = 0;
        std::uint32_t records = 0;
    };
    std::size_t place = 0;  ///< among the request's topics
    std::string name;       ///< up to version 12
    topic_id id;            ///< from version 13 on
    own_error error = own_error::not_enough_replicas;
    std::string message;  ///< told from version 8 on
    std::vector<partition> partitions;
};

/// The code for a topic that a policy refuses for good: clients must not send the same again.
constexpr own_error refusal_for_good(std::int16_t produce_version) {
    return produce_version >= 8 ? own_error::invalid_record : own_error::policy_violation;
}

/// The whole answer to a Produce request that goes nowhere, with its header, without its size. Versions 0 to 13.
std::string refused_produce_answer(std::int32_t correlation, std::int16_t version,
                                   const std::vector<refused_topic>& topics, std::int32_t throttle_ms);

/// A broker's answer to the rest of a Produce request with what the client is told of the topics that were taken out of
/// it, each in its place. Everything else stays as it is.
/// @param answer  with its header, without its size; it has to be one that can be read
/// @param out     is overwritten
/// @return false when the answer cannot be read
bool add_refused_topics(std::string_view answer, std::int16_t version, const std::vector<refused_topic>& topics,
                        std::string& out);

/// An answer to a Fetch that brings nothing, with its header, without its size. Versions 0 to 18. It belongs to no
/// fetch session, so a client that has one begins anew; and it has a throttle time, by which clients know that it is
/// no answer to their partitions (KIP-219).
/// @param throttle_ms  at least 1
std::string empty_fetch_answer(std::int32_t correlation, std::int16_t version, std::int32_t throttle_ms);

}  // namespace outrider::kafka
