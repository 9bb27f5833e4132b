#pragma once

#include <string>
#include <vector>

#include "sidecar/tools/flows.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider flows` is given, before it is judged.
struct flow_flags {
    std::string as;
    tools::flows_options options;
};

extern const char* const flows_footer;

void add_flow_flags(CLI::App& app, flow_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
tools::flows_options to_options(flow_flags flags, std::vector<std::string>& wrong);

}  // namespace outrider::app
