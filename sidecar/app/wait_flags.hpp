#pragma once

#include <string>
#include <vector>

#include "sidecar/tools/wait_ready.hpp"

namespace CLI {
class App;
}

namespace outrider::app {

/// What `outrider wait` is given, before it is judged.
struct wait_flags {
    std::string admin, url, timeout;
    std::vector<std::string> command;
    bool has_command = false;  ///< "--" was there, and maybe nothing behind it
};

extern const char* const wait_footer;

void add_wait_flags(CLI::App& app, wait_flags& into);

/// Takes what stands behind the first "--" out of the arguments: it is the command's, whatever it looks like.
void take_command(std::vector<std::string>& arguments, wait_flags& into);

/// @param wrong  takes a sentence per flag that makes no sense
tools::wait_options to_options(const wait_flags& flags, std::vector<std::string>& wrong);

}  // namespace outrider::app
