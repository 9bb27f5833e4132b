#pragma once

#include <span>
#include <vector>

#include "tracing/span_data.hpp"
#include "tracing/stitch/decision.hpp"

namespace outrider::tracing {

/// The spans of one chain as one trace: each in the trace `chain`, each root that has a cause under it. What was
/// changed is said in attributes (attribute_names.hpp): the original trace, the parent that never came, source and
/// confidence of an inferred parent; candidates become links. Rewriting what has been rewritten changes nothing.
/// @param decisions  of roots among the spans, others are ignored
/// @param chain      the trace of the chain's first root
std::vector<span_data> rewrite_chain(std::vector<span_data> spans, std::span<const decision> decisions,
                                     const trace_id& chain);

/// Stitches spans that are all there is: from files, or from Jaeger. Grouped by chain, the earliest first.
std::vector<std::vector<span_data>> stitch_all(std::vector<span_data> spans);

/// The spans without what is only for the stitcher (echo hashes): for whoever is outside.
void strip_captured(span_data& span);

}  // namespace outrider::tracing
