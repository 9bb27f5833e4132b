#pragma once

#include <chrono>

namespace outrider::config {

/// How a sidecar stops; `settings.drain` is the time for the exchanges that are under way.
struct stop {
    std::chrono::milliseconds delay{0};        ///< unready, but serving as before, until callers have heard of it
    std::chrono::milliseconds quiet{200};      ///< without any connection, so long, the application has gone
    std::chrono::milliseconds deliver{5'000};  ///< for the spans that wait at the end; the others are spooled
};

}  // namespace outrider::config
