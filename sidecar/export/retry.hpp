#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

namespace outrider::exporting {

/// Whether an answer means "try again later" (OTLP specification, OTLP/HTTP response): 429, 502, 503, 504.
bool retryable_status(unsigned status);

/// Retry-After (RFC 9110, 10.2.3): seconds or a date in any of HTTP's three forms; a date that has passed is zero.
/// @return nothing when malformed; never more than ten minutes
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::chrono::system_clock::time_point now);

/// Exponential backoff with jitter: each delay is drawn from [half, whole] of a step that doubles up to a bound.
class backoff {
  public:
    backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest, std::uint64_t seed);
    std::chrono::milliseconds next();
    void reset() { step_ = first_; }

  private:
    std::chrono::milliseconds first_, longest_, step_;
    std::minstd_rand random_;
};

}  // namespace outrider::exporting
