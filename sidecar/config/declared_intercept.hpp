#pragma once

#include <vector>

#include "sidecar/config/schema.hpp"

namespace outrider::config {

/// The keys of `intercept`.
std::vector<setting> intercept_keys();

}  // namespace outrider::config
