#pragma once

#include <string_view>
#include <vector>

#include "sidecar/config/settings.hpp"

namespace outrider::kafka {

/// Whether `name` fits `glob`, in which `*` stands for any characters, none included. Takes time in proportion to the
/// product of both lengths at most.
bool fits(std::string_view glob, std::string_view name);

/// How the records of a topic are traced: the first rule that fits, `inject_uncompressed` where none does.
config::record_trace mode_of(const std::vector<config::topic_trace>& rules, std::string_view topic);

}  // namespace outrider::kafka
