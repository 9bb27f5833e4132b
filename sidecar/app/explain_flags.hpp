#pragma once

#include <string>
#include <vector>

#include "sidecar/tools/explain.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider explain` is given, before it is judged.
struct explain_flags {
    std::string policies, config;
    std::string request, produce, consume, upstream, cluster, host, address, group, client;
    std::vector<std::string> headers;
};

extern const char* const explain_footer;

void add_explain_flags(CLI::App& app, explain_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
tools::explained_exchange to_exchange(const explain_flags& flags, std::vector<std::string>& wrong);

}  // namespace outrider::app
