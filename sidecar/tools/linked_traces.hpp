#pragma once

#include <vector>

#include "sidecar/tools/trace_source.hpp"

namespace outrider::tools {

/// How far it is looked for what belongs to a chain beside the trace that was asked for.
struct linked_limits {
    std::size_t traces = 16;    ///< further ones that are asked for or found
    std::size_t searches = 64;  ///< requests for traces by service and topic
};

/// Adds the traces that make one tree with that of these spans. What roots and sends link to is asked for by its id.
/// What links to a span no query finds; but whoever takes records of a topic says so, and its traces are searched for
/// around the time: the poll before a `process` in its service, and for a `send` that nobody is known to have taken,
/// every service. What can't be fetched is left out.
std::vector<tracing::span_data> with_linked(trace_source& source, std::vector<tracing::span_data> spans,
                                            const linked_limits& limits = {});

}  // namespace outrider::tools
