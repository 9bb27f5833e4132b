#pragma once

#include "sidecar/config/node.hpp"
#include "sidecar/config/references.hpp"

namespace outrider::config {

/// Applies the OTEL_* variables that the OpenTelemetry specification defines for traces to the tree. Its rules, not
/// ours: empty means unset, only "true" is true, and a value that can't be understood warns and is ignored.
void apply_otel_environment(node& root, const environment& variables, diagnostics& warnings);

}  // namespace outrider::config
