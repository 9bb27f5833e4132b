#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sidecar/config/diagnostic.hpp"
#include "sidecar/config/references.hpp"
#include "tracing/flows/flow.hpp"

namespace outrider::config {

/// Where flows come from.
struct flow_input {
    std::vector<std::string> paths;   ///< each a file, or a folder of files
    config::environment environment;  ///< for references
};

/// Flows that can be checked.
struct loaded_flows {
    std::vector<flows::flow> value;  ///< in the order of the files
    diagnostics warnings;
};

/// Either flows, or every error found in them.
using flows_result = std::variant<loaded_flows, diagnostics>;

/// Reads and judges them all. Costs at most 1 MiB of text for each file, 500 flows.
flows_result load_flows(const flow_input& input);

/// load_flows() of a document that is at hand; `file` is the name that errors show.
flows_result load_flow_text(std::string_view yaml, const std::string& file);

/// The stamps of the files as they are now (file_stamp): another text means that something may have changed.
std::string fingerprint(const flow_input& of);

}  // namespace outrider::config
