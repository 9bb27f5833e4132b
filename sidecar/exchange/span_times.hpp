#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "sidecar/exchange/facts.hpp"

namespace outrider::exchange {

/// Nanoseconds since the Unix epoch.
struct times {
    std::uint64_t start;
    std::uint64_t end;
};

/// The wall clock's times of something that ended just now. That clock is read once, at the end; the start follows from
/// the steady clock, so a step of the wall clock never makes a negative span.
inline times unix_times(steady_clock::time_point started, steady_clock::time_point finished) {
    auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    auto end = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count());
    return {end - static_cast<std::uint64_t>(std::max<std::int64_t>((finished - started).count(), 0)), end};
}

}  // namespace outrider::exchange
