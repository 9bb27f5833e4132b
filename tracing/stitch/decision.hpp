#pragma once

#include <cstdint>
#include <vector>

#include "tracing/ids.hpp"

namespace outrider::tracing {

/// Names a span wherever it is held.
struct span_key {
    trace_id trace;
    span_id span;
    bool valid() const { return trace.valid() && span.valid(); }
    bool operator==(const span_key&) const = default;
    auto operator<=>(const span_key&) const = default;
};

/// What ties a span to its cause; the tiers in their order. Written as `chain.link.source`.
enum class link_source : std::uint8_t { context, tracestate, kafka, key, echo, timing, none };

/// A span that may be the cause.
struct cause_candidate {
    span_key cause;
    link_source source = link_source::none;
    float confidence = 0;  ///< 0 to 1, calibrated
};

/// What is known of the cause of one span that no received parent explains. A later decision on the same span takes the
/// place of the former one.
struct decision {
    span_key root;                              ///< whose cause it is
    cause_candidate cause;                      ///< not valid: a new root
    std::vector<cause_candidate> alternatives;  ///< at most four, the likeliest first
};

}  // namespace outrider::tracing
