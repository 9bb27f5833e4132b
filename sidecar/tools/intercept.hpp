#pragma once

#include "sidecar/config/settings.hpp"

namespace outrider::tools {

enum class intercept_action { install, remove, show };
enum class rules_backend { automatic, nft, iptables };

/// What `outrider intercept` is told.
struct intercept_options {
    intercept_action action = intercept_action::install;
    rules_backend backend = rules_backend::automatic;
    bool dry_run = false;  ///< print the rules, change nothing
};

/// Sets, removes or shows the rules of the kernel that bring connections to the sidecar. What is wrong goes to standard
/// error; then no rule of ours is left that was not there before.
/// @param what  of install: judged already
/// @return the exit code: 0, or 1 when it failed; of show 1 also when nothing is installed, or a listener is missing
int run_intercept(const intercept_options& options, const config::intercept& what);

}  // namespace outrider::tools
