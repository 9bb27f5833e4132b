#pragma once

#include "sidecar/config/load.hpp"

namespace outrider::app {

/// Runs the sidecar until SIGTERM or SIGINT, then drains and stops. Errors go to standard error.
/// @param input  what the configuration was loaded from, for a reload
/// @return the exit code: 0 stopped by signal, 1 could not start (a port in use, say)
int run_sidecar(const config::loaded& configuration, const config::load_input& input);

}  // namespace outrider::app
