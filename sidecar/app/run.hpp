#pragma once

#include "sidecar/app/reading.hpp"

namespace outrider::app {

/// Runs the sidecar until SIGTERM or SIGINT, then drains and stops; SIGQUIT, or SIGINT while it drains, stops it at
/// once. Errors go to standard error.
/// @param start  without errors
/// @param input  what it was read from, for a reload
/// @return the exit code: 0 stopped by signal, 1 could not start (a port in use, say)
int run_sidecar(reading start, const config::load_input& input);

}  // namespace outrider::app
