#pragma once

#include <span>
#include <string_view>

namespace outrider::collector {

/// A file of dashboard/dist, as it is linked into the program.
struct dashboard_file {
    std::string_view path;    ///< "/assets/index-3f2c81aa.js"
    std::string_view packed;  ///< gzip, one member
};

std::span<const dashboard_file> dashboard_files();

}  // namespace outrider::collector
