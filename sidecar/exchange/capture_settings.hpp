#pragma once

#include "sidecar/config/settings.hpp"
#include "tracing/capture/capture_plan.hpp"

namespace outrider::exchange {

/// What is wanted of messages, from the configuration. Without a collector nothing is hashed; without a key of the
/// operator's a random one is made, which other processes do not have.
tracing::capture_settings capture_settings_of(const config::settings& settings);

}  // namespace outrider::exchange
