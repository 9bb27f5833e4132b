#pragma once

#include <vector>

#include "sidecar/config/schema.hpp"

// What is kept of messages so that they become chains.

namespace outrider::config {

/// `echo`, `echo_key` and `correlation`, under `tracing`.
std::vector<setting> capture_keys();
/// `keys`, at the top.
setting business_keys_setting();

}  // namespace outrider::config
