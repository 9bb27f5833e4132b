#pragma once

#include <string>

#include "sidecar/config/load.hpp"

namespace outrider::config {

/// The whole effective configuration as YAML that can be read back, each value with its source as a comment. Secrets
/// are masked, and so is what `${file:}` and `${env:}` put into a secret.
std::string print(const loaded& configuration);

/// The same as JSON text: {"timeouts.connect": {"value": "2s", "source": "default", "reload": "restart"}, ...}; lists
/// are arrays, unset values null.
std::string print_json(const loaded& configuration);

}  // namespace outrider::config
