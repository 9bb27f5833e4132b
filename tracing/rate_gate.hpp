#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace outrider::tracing {

/// A token bucket in one atomic word, exact across threads: it holds the moment at which the bucket will be full again
/// (the "theoretical arrival time" of the generic cell rate algorithm).
class rate_gate {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    /// @param per_second  tokens that come back a second; the bucket holds one second's worth, at least one; 0: never
    explicit rate_gate(double per_second);

    /// Takes a token if there is one.
    bool take(time_point now);

  private:
    std::int64_t interval_ns_;  ///< between two tokens; 0 when there are none
    std::int64_t tolerance_ns_;
    std::atomic<std::int64_t> full_at_ns_;
};

}  // namespace outrider::tracing
