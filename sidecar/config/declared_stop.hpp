#pragma once

#include <vector>

#include "sidecar/config/schema.hpp"

namespace outrider::config {

/// The keys of `stop`.
std::vector<setting> stop_keys();

}  // namespace outrider::config
