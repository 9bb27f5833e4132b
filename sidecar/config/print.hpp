#pragma once

#include <string>
#include <vector>

#include "sidecar/config/load.hpp"

namespace outrider::config {

/// The whole effective configuration as YAML that can be read back, each value with its source as a comment. Secrets
/// are masked, and so is what `${file:}` and `${env:}` put into a secret.
std::string print(const loaded& configuration);

/// Policies as a file of policies that reads back as the same, every key with its value. A file that a fallback names
/// is named as it was, so it is looked for from the folder of what is written.
std::string print_policies(const std::vector<governance::policy>& policies);

/// The whole effective configuration as JSON text: {"timeouts.connect": {"value": "2s", "source": "default", "reload":
/// "restart"}, ...}; lists are arrays, unset values null.
std::string print_json(const loaded& configuration);

}  // namespace outrider::config
