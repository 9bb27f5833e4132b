#pragma once

#include <string>

#include "sidecar/config/settings.hpp"

namespace outrider::tools {

/// "the application's connections go to port 7915, those to its ports 8080, 9090 to port 7916".
std::string summary(const config::intercept& what);

/// What is installed, and whether somebody listens where it leads to.
/// @return whether both hold
bool show_rules(std::string& text);

}  // namespace outrider::tools
