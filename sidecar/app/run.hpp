#pragma once

#include "sidecar/config/load.hpp"

namespace outrider::app {

/// Runs the sidecar until SIGTERM or SIGINT, then drains and stops. Errors go to standard error.
/// @return the exit code: 0 stopped by signal, 1 could not start (a port in use, say)
int run_sidecar(const config::loaded& configuration);

}  // namespace outrider::app
