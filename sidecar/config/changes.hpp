#pragma once

#include <string>
#include <vector>

#include "sidecar/config/settings.hpp"

namespace outrider::config {

/// Settings whose value differs between two configurations, by path ("timeouts.idle", "upstreams.stock.endpoints"),
/// secrets and added or removed names included.
struct changes {
    std::vector<std::string> applied;  ///< a running sidecar takes them over
    std::vector<std::string> restart;  ///< it keeps the former value until it is started again
};

changes compare(const settings& running, const settings& wanted);

}  // namespace outrider::config
