#pragma once

#include <string>
#include <vector>

#include "sidecar/tools/chain.hpp"
#include "sidecar/tools/topology.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider chain` is given, before it is judged.
struct chain_flags {
    std::string key, as, draw, wait;
    std::string format;  ///< what --as was called before
    tools::chain_options options;
};

/// What `outrider topology` is given, before it is judged.
struct topology_flags {
    std::string as, since;
    tools::topology_options options;
};

extern const char* const chain_footer;
extern const char* const topology_footer;

void add_chain_flags(CLI::App& app, chain_flags& into);
void add_topology_flags(CLI::App& app, topology_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
tools::chain_options to_options(chain_flags flags, std::vector<std::string>& wrong);
tools::topology_options to_options(topology_flags flags, std::vector<std::string>& wrong);

}  // namespace outrider::app
