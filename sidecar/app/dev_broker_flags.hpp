#pragma once

#include <string>
#include <vector>

#include "sidecar/tools/dev_broker.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider dev-broker` is given, before it is judged.
struct dev_broker_flags {
    std::vector<std::string> topics;
    tools::dev_broker_options options;
};

extern const char* const dev_broker_footer;

void add_dev_broker_flags(CLI::App& app, dev_broker_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
tools::dev_broker_options to_options(dev_broker_flags flags, std::vector<std::string>& wrong);

}  // namespace outrider::app
