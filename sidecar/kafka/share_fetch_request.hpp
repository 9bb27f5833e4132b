#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace outrider::kafka {

/// What stands at the beginning of a ShareFetch request (KIP-932), before its topics and acknowledgements.
struct share_fetch_head {
    std::int32_t session_epoch = 0;  ///< 0: a new share session; -1: its end, with the last acknowledgements
    std::int32_t max_wait_ms = 0;
    std::size_t max_wait_at = 0;     ///< where that stands in the body: an int32
    std::size_t max_records_at = 0;  ///< an int32 too; with 0 records a broker acquires nothing
};

/// Versions 1 and 2. Version 0 was early access of Kafka 4.0 and has no bound on records.
/// @return nothing for another version, and when there is too little of the body
std::optional<share_fetch_head> read_share_fetch_head(std::string_view body, std::int16_t version);

}  // namespace outrider::kafka
