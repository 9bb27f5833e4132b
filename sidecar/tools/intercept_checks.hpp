#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace outrider::tools {

/// Whether this process may change the rules of its network namespace (CAP_NET_ADMIN).
bool may_change_rules();

/// Who runs as `user` in this network namespace besides sidecars: "python3 (process 812)", "the listener on port 8080".
/// Processes by /proc, as far as they can be seen from here; listeners on `ports` also where they cannot.
std::vector<std::string> others_running_as(std::uint32_t user, const std::vector<std::uint32_t>& ports);

}  // namespace outrider::tools
