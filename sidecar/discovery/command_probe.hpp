#pragma once

#include <string>
#include <vector>

#include "sidecar/discovery/probe.hpp"

namespace outrider::discovery {

/// Runs a program in a process group of its own, without a shell: exit code 0 is good. When its time is over the group
/// is killed; so is what a program leaves behind. The text is the first line that it wrote.
/// @param target  told to it as OUTRIDER_TARGET, "127.0.0.1:9000"; empty: not told
net::awaitable<probe_result> probe_command(probe_io& io, const std::vector<std::string>& command,
                                           const std::string& target);

}  // namespace outrider::discovery
