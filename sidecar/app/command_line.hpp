#pragma once

#include <string>
#include <variant>
#include <vector>

#include "sidecar/app/check_flags.hpp"
#include "sidecar/app/intercept_flags.hpp"
#include "sidecar/collector/run.hpp"
#include "sidecar/config/load.hpp"
#include "sidecar/tools/chain.hpp"
#include "sidecar/tools/dev_broker.hpp"
#include "sidecar/tools/explain.hpp"
#include "sidecar/tools/flows.hpp"
#include "sidecar/tools/inject.hpp"
#include "sidecar/tools/topology.hpp"
#include "sidecar/tools/wait_ready.hpp"

namespace outrider::app {

/// Exit codes of every command.
enum exit_code { ok = 0, failure = 1, usage = 2 };

/// `outrider run`.
struct run_command {
    config::load_input input;
};

/// `outrider diff`.
struct diff_command {
    std::string before, after;          ///< a file of policies, or a folder of them, each
    config::environment environment{};  ///< for references
};

/// `outrider explain`.
struct explain_command {
    std::string policies, config;  ///< one of them
    tools::explained_exchange about;
    config::environment environment{};  ///< for references
};

/// The command line asked for nothing but text: help, the version, or what is wrong with it.
struct answer {
    int code = ok;
    std::string text;  ///< for standard output when the code is ok, else for standard error
};

using command =
    std::variant<run_command, check_command, diff_command, explain_command, collector::collect_options,
                 tools::chain_options, tools::topology_options, tools::flows_options, tools::dev_broker_options,
                 tools::wait_options, intercept_command, tools::inject_options, answer>;

/// Reads the arguments that follow the program's name; does nothing else. Values of settings are judged by
/// config::load.
command parse_command_line(const std::vector<std::string>& arguments, const config::environment& variables);

/// main(): parses, runs the command and gives its exit code.
int run_command_line(int argc, char** argv);

}  // namespace outrider::app
