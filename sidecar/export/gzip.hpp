#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outrider::exporting {

/// The parts, concatenated, as one gzip member, at the fastest level.
std::string gzip(const std::vector<std::string_view>& parts);

}  // namespace outrider::exporting
