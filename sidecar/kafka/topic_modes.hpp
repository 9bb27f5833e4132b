#pragma once

#include <string_view>
#include <vector>

#include "sidecar/config/settings.hpp"

namespace outrider::kafka {

/// How the records of a topic are traced: the first rule that fits, `inject_uncompressed` where none does.
config::record_trace mode_of(const std::vector<config::topic_trace>& rules, std::string_view topic);

}  // namespace outrider::kafka
