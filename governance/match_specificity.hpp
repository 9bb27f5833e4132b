#pragma once

#include <cstdint>
#include <string_view>

#include "governance/policy.hpp"

namespace outrider::governance {

/// How narrow a match is: the greater the narrower. Of the policies that match one exchange, the one with the greatest
/// decides each setting. Compared in this order, what comes first outweighs all that follows:
///
/// 1. literal segments of the path; for Kafka, how much of the topic is literal (an exact name most)
/// 2. parameters of the path
/// 3. a path without `{rest...}`
/// 4. a method
/// 5. header fields, by number
/// 6. host, then upstream or cluster, group, client: exact names over globs over none
/// 7. a direction
/// 8. the literal characters of the globs
///
/// Counts beyond what a field holds (63 segments, 31 parameters, 7 headers) count as that many.
std::uint32_t specificity(const match& of);

/// Whether some exchange is matched by both. Exact but for header fields that may be given twice in a request.
bool can_both_match(const match& a, const match& b);

/// Whether some text is matched by both globs; `*` stands for any characters, an empty glob for any text.
bool globs_meet(std::string_view a, std::string_view b);

/// Whether some path is matched by both templates; an empty one stands for any path.
bool paths_meet(std::string_view a, std::string_view b);

/// Each kind of traffic as a bit.
using traffic_set = std::uint8_t;
constexpr traffic_set only(traffic which) { return static_cast<traffic_set>(1U << static_cast<unsigned>(which)); }
inline constexpr traffic_set http_traffic = only(traffic::inbound) | only(traffic::outbound);
inline constexpr traffic_set kafka_traffic = only(traffic::produce) | only(traffic::consume);

/// The kinds of traffic that have all that is asked for; none: the match holds for no exchange.
traffic_set traffic_of(const match& of);

}  // namespace outrider::governance
