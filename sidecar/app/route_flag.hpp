#pragma once

#include <string>
#include <vector>

#include "sidecar/config/load.hpp"

namespace outrider::app {

/// Adds the settings that `--route NAME=TO` stands for: `TO` is endpoints, or `discover:BY[:SERVICE]`, where a file has
/// its path instead of a service.
void add_route(const std::string& name, const std::string& to, std::vector<config::override_setting>& sets);

}  // namespace outrider::app
