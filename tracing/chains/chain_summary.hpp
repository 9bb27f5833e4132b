#pragma once

#include <string>

#include "tracing/chains/chain_analysis.hpp"

namespace outrider::tracing {

struct summary_style {
    std::size_t width = 100;
    bool ascii = false;
};

/// Appends what an analysis found as lines "head  text", wrapped to the width, and as the last one its verdict.
void append_summary(std::string& out, const chain& one, const chain_analysis& known, const summary_style& style);

/// "~ 3 of 13 spans: 1 by kafka (1.00), 2 by timing (0.93 or more)"; empty when nothing was inferred.
std::string inferred_text(const chain& one, const chain_analysis& known);

/// "order=4711, customer=ada"
std::string keys_text(const chain_analysis& known);

}  // namespace outrider::tracing
