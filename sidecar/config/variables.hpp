#pragma once

#include <string>

#include "sidecar/config/node.hpp"
#include "sidecar/config/references.hpp"

namespace outrider::config {

/// The path that a variable without its OUTRIDER_ stands for: TIMEOUTS_FIRST_BYTE, INBOUND_0_LISTEN,
/// UPSTREAMS_STOCK_ENDPOINTS (name in lower case, '_' as '-', unless the tree has an upstream of that spelling).
/// Empty when there is none.
std::string path_of_variable(const node& root, const std::string& variable);

/// Applies every OUTRIDER_* variable; those that stand for no setting become warnings, since a platform may have set
/// them.
void apply_environment(node& root, const environment& variables, diagnostics& errors, diagnostics& warnings);

/// "timeouts.first_byte" -> "OUTRIDER_TIMEOUTS_FIRST_BYTE".
std::string variable_of_path(const std::string& path);

}  // namespace outrider::config
