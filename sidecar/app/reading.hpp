#pragma once

#include <optional>
#include <string>

#include "sidecar/config/load.hpp"
#include "sidecar/config/policies.hpp"

namespace outrider::app {

/// A configuration with its policies, read and judged as a whole: at the start, and again with every reload.
struct reading {
    std::optional<config::loaded> configuration;  ///< nothing: it has errors, and its policies were not looked at
    config::loaded_policies policies;
    config::diagnostics errors;  ///< empty: all of it can be used
    config::policy_files files;  ///< of the policies
    std::string stamp;           ///< of the configuration file, taken before it was read; empty: there is none
};

reading read_all(const config::load_input& input);

}  // namespace outrider::app
