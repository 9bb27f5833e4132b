#pragma once

#include <string>
#include <vector>

#include "sidecar/config/load.hpp"
#include "sidecar/tools/intercept.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider intercept` is given, before it is judged.
struct intercept_flags {
    std::string action, config, backend;
    std::string outbound_port, inbound_port, uid, mark, ports_in;
    std::vector<std::string> exclude_out;
    bool dry_run = false;
};

/// `outrider intercept`. What is to be installed are settings like any others: of a file, or of flags alone.
struct intercept_command {
    tools::intercept_options options;
    config::load_input input;  ///< of install
};

extern const char* const intercept_footer;

void add_intercept_flags(CLI::App& app, intercept_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
intercept_command to_command(const intercept_flags& flags, const config::environment& variables,
                             std::vector<std::string>& wrong);

}  // namespace outrider::app
