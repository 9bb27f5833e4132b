#pragma once

#include "sidecar/config/load.hpp"

namespace outrider::config {

/// The rules that span several settings, and the values that follow from others (otlp_url, instance).
/// Adds to `errors` and to `result.warnings`.
/// @param failed  paths that have an error already: what follows from that alone is not said
void finish(loaded& result, const load_input& input, const std::set<std::string>& failed, diagnostics& errors);

}  // namespace outrider::config
