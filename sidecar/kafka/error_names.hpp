#pragma once

#include <cstdint>
#include <string_view>

namespace outrider::kafka {

/// The name of an error code, as the protocol guide spells it: `error.type` of spans. Empty for 0; codes that are not
/// known here are "UNKNOWN_ERROR_CODE".
std::string_view error_name(std::int16_t code);

/// Whether the protocol guide calls it retriable: the same request may succeed when it comes again.
bool is_retriable(std::int16_t code);

/// Why an answer never came, in words.
std::string_view no_answer(bool broker_lost);

namespace error_codes {
inline constexpr std::int16_t network_exception = 13;   ///< a client's own word: the connection ended before the answer
inline constexpr std::int16_t duplicate_sequence = 46;  ///< what was sent is in the log already
}  // namespace error_codes

}  // namespace outrider::kafka
