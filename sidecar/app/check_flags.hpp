#pragma once

#include <string>
#include <vector>

#include "sidecar/app/configuration_flags.hpp"

namespace outrider::app {

/// What `outrider check` prints.
enum class check_output { verdict, yaml, json, schema, reference, policies_schema, policies_reference, flows_schema };

/// `outrider check`.
struct check_command {
    config::load_input input;
    check_output output = check_output::verdict;
    bool policies_alone = false;       ///< nothing but --policies was given: there is no configuration to judge
    std::vector<std::string> flows{};  ///< files of flows to judge, or folders of them
    bool flows_alone = false;          ///< nothing else was given
};

/// What `outrider check` is given, before it is judged.
struct check_flags {
    configuration_flags configuration;
    std::vector<std::string> flows;
    bool print = false, json = false, schema = false, reference = false;
    bool policies_schema = false, policies_reference = false, flows_schema = false;
};

void add_check_flags(CLI::App& app, check_flags& into);

/// As to_input().
check_command to_command(const CLI::App& app, const check_flags& flags, const config::environment& variables,
                         std::vector<std::string>& wrong);

}  // namespace outrider::app
