#pragma once

#include <string>
#include <vector>

#include "sidecar/collector/run.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider collect` is given, before it is judged.
struct collect_flags {
    std::string listen, memory, max_request, keep, confidence, store_size;
    std::string forward, sample, slow;
    std::vector<std::string> forward_headers;
    bool forward_plain = false;
    collector::collect_options options;
};

extern const char* const collect_footer;

void add_collect_flags(CLI::App& app, collect_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
collector::collect_options to_options(collect_flags flags, std::vector<std::string>& wrong);

}  // namespace outrider::app
