#pragma once

#include <string>
#include <vector>

#include "sidecar/config/diagnostic.hpp"

namespace outrider::config {

/// Findings about several files: in the order of the files, those about nothing of them last, and within each by
/// position; once each, although an alias may repeat a mistake.
void put_in_order(diagnostics& findings, const std::vector<std::string>& files);

}  // namespace outrider::config
