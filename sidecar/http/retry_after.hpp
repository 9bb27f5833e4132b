#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace outrider::http {

/// Retry-After (RFC 9110 10.2.3): a number of seconds, or an HTTP-date, of which only the form that must be sent
/// (IMF-fixdate, 5.6.7) is read. Nothing for what is neither; a date in the past is zero; at most a day.
/// @param now  wall clock
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value,
                                                      std::chrono::system_clock::time_point now);

}  // namespace outrider::http
