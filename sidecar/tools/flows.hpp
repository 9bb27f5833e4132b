#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "sidecar/config/flows.hpp"
#include "sidecar/tools/chain.hpp"

namespace outrider::tools {

/// What `outrider flows` can be told.
struct flows_options {
    std::string from = default_source;  ///< --from: base URL of our collector
    std::vector<std::string> files;     ///< --file: check the spans of these instead,
    config::flow_input expected;        ///< --flows: against these
    std::string flow;                   ///< --flow: this one only
    std::string run;                    ///< --run: one run of it
    bool json = false;                  ///< --as json
    bool watch = false;                 ///< --watch: again every two seconds
    bool fail = false;                  ///< --fail: exit code 1 when something is not as expected
    output_options output;
};

/// Shows what should follow what, and what did not, on standard output; errors go to standard error.
/// @return the exit code: 0 shown, 1 no answer, or a fault and --fail, 2 options or flows that make no sense
int run_flows(const flows_options& options);
int run_flows(const flows_options& options, std::ostream& out, std::ostream& err);

}  // namespace outrider::tools
