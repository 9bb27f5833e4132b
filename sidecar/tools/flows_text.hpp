#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace outrider::tools {

/// How flows are shown.
struct flows_style {
    std::size_t width = 100;  ///< columns
    bool ascii = false;
};

/// An answer of /api/flows as tables. It comes from elsewhere: whatever it holds ends in text that a terminal only
/// shows.
/// @param flow  this one only; empty: all
std::string flows_text(const nlohmann::json& answer, const std::string& flow, const flows_style& style);

/// An answer of /api/flows/{flow}/runs/{run} as a table.
std::string run_text(const nlohmann::json& answer, const flows_style& style);

/// Whether anything in an answer of either kind is not as expected; what was retracted is.
bool has_faults(const nlohmann::json& answer, const std::string& flow);

}  // namespace outrider::tools
