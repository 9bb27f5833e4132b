#pragma once

#include <chrono>

namespace outrider::governance {

/// All decisions count in monotonic time that the caller hands in: a step of the wall clock changes nothing, and tests
/// move time as they like.
using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

}  // namespace outrider::governance
