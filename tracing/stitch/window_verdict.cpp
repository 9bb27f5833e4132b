#include "tracing/stitch/window_verdict.hpp"

#include <algorithm>
#include <utility>

namespace outrider::tracing {

void window_verdict::add_other(found_cause other) {
    if (!other.valid() || other.cause == cause.cause) return;
    for (auto& each : others) {
        if (each.cause == other.cause) return;
        if (!each.valid() || other.confidence > each.confidence) std::swap(each, other);
    }
}

void window_verdict::propose(const found_cause& proposed) {
    if (!cause.valid() || proposed.confidence > cause.confidence) {
        const auto former = std::exchange(cause, proposed);
        add_other(former);
    } else {
        add_other(proposed);
    }
}

void window_verdict::doubt(float factor) { cause.confidence = std::min(doubted, cause.confidence * factor); }

}  // namespace outrider::tracing
