#pragma once

#include <cstdint>

#include "sidecar/exchange/facts.hpp"

namespace outrider::exchange {

/// Nanoseconds since the Unix epoch.
struct times {
    std::uint64_t start;
    std::uint64_t end;
};

/// The wall clock's times of what the steady clock measured. Both clocks are compared every 100 ms, once for the whole
/// process: whichever thread writes a span, and whenever it comes to it, spans of one process are in the order in which
/// things happened, and a step of the wall clock never makes a negative span. Thread-safe.
times unix_times(steady_clock::time_point started, steady_clock::time_point finished);

}  // namespace outrider::exchange
