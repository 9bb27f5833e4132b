#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "sidecar/tools/chain.hpp"

namespace outrider::tools {

/// The columns to draw in.
/// @param terminal  whether standard output may be one
std::size_t drawing_width(const output_options& options, bool terminal);

/// Puts a result where it belongs. @return whether that could be done; `err` says why not
bool write_result(const std::string& text, const output_options& options, std::ostream& out, std::ostream& err,
                  const char* command);

}  // namespace outrider::tools
