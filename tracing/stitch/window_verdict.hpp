#pragma once

#include <array>
#include <cstdint>

#include "tracing/stitch/span_store.hpp"
#include "tracing/stitch/timing_model.hpp"

namespace outrider::tracing {

/// What the windows found for one root, with what else might be.
struct window_verdict {
    /// From this confidence on others may build on a cause; what is doubted stays below.
    static constexpr float told = 0.9F, doubted = 0.89F;

    span_number root = no_number;
    found_cause cause;  ///< not valid: none
    std::array<found_cause, 4> others{};
    bool missing = false;  ///< candidates had not arrived
    /// Its cause is one of these, with this confidence: something better than time says so, and does not say which.
    std::array<span_number, left_span::most_among> among{};
    std::uint8_t among_count = 0;
    float of_among = 0;
    link_source among_source = link_source::none;  ///< what says so
    bool unheard = false;                          ///< values that it carries are in nothing that entered

    /// Makes a candidate the cause when it is the likelier one.
    void propose(const found_cause& proposed);
    /// Puts a candidate where it belongs among the others, the likeliest first.
    void add_other(found_cause other);
    /// It may well be wrong.
    void doubt(float factor = 1);
};

}  // namespace outrider::tracing
