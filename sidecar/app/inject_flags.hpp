#pragma once

#include <string>
#include <vector>

#include "sidecar/tools/inject.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider inject` is given, before it is judged.
struct inject_flags {
    std::string app_port, inbound_port, otlp;
    std::vector<std::string> kafka, sets;
    tools::inject_options options;
};

extern const char* const inject_footer;

void add_inject_flags(CLI::App& app, inject_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
tools::inject_options to_options(inject_flags flags, std::vector<std::string>& wrong);

}  // namespace outrider::app
