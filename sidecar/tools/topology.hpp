#pragma once

#include <chrono>
#include <iosfwd>
#include <string>
#include <vector>

#include "sidecar/tools/chain.hpp"

namespace outrider::tools {

enum class topology_form { text, json, mermaid, svg };

/// What `outrider topology` can be told.
struct topology_options {
    std::string from = default_source;  ///< --from: base URL of our collector or of a Jaeger query service
    std::vector<std::string> files;     ///< --file: read these instead
    std::chrono::milliseconds since{std::chrono::minutes(15)};  ///< --since: of the last while; of files all counts
    topology_form form = topology_form::text;                   ///< --as
    output_options output;
};

/// Draws who talks to whom on standard output; errors go to standard error.
/// @return the exit code: 0 drawn, 1 no answer, 2 options that make no sense
int run_topology(const topology_options& options);
int run_topology(const topology_options& options, std::ostream& out, std::ostream& err);

}  // namespace outrider::tools
