#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "tracing/span_data.hpp"
#include "tracing/stitch/decision.hpp"

namespace outrider::tracing {

/// More spans than this are named in the first root of a chain.
inline constexpr std::size_t many_spans = 10'000;

/// The spans of one chain as one trace: each in the trace `chain`, each root that has a cause under it. What was
/// changed is said in attributes (attribute_names.hpp): the original trace, the parent that never came, source and
/// confidence of an inferred parent; candidates become links. What is wrong with spans is named in them: a circle of
/// parents is cut at its earliest span, of two spans of one id the later one gets another. Order and number of the
/// spans stay. Rewriting what has been rewritten changes nothing.
/// @param decisions  of roots among the spans, others are ignored; the last one about a root counts
/// @param chain      the trace of the chain's first root
std::vector<span_data> rewrite_chain(std::vector<span_data> spans, std::span<const decision> decisions,
                                     const trace_id& chain);

/// Whether rewriting reads attributes of this key; all others may be left out.
bool rewriting_reads(std::string_view key);

/// Stitches spans that are all there is: from files, or from Jaeger. Grouped by chain, the earliest first.
std::vector<std::vector<span_data>> stitch_all(std::vector<span_data> spans);

/// The spans without what is only for the stitcher (echo hashes): for whoever is outside.
void strip_captured(span_data& span);

/// By which name a source is written.
std::string_view name_of(link_source source);

/// The span as it was named before it became part of a chain.
span_key original_key(const span_data& span);

}  // namespace outrider::tracing
