#pragma once

#include <array>
#include <string>
#include <vector>

#include "sidecar/config/load.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What CLI11 fills for `run` and `check`.
struct configuration_flags {
    std::string config;
    static constexpr std::size_t shortcut_count = 15;
    std::array<std::string, shortcut_count> shortcuts;  ///< of the flags that are short names of settings
    std::vector<std::string> routes;
    std::vector<std::string> clusters;
    std::vector<std::string> sets;
};

void add_configuration_flags(CLI::App& app, configuration_flags& into);

/// @param app    knows which flags were given
/// @param wrong  takes a sentence per flag that makes no sense
config::load_input to_input(const CLI::App& app, const configuration_flags& flags, const config::environment& variables,
                            std::vector<std::string>& wrong);

}  // namespace outrider::app
