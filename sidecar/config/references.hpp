#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sidecar/config/endpoint.hpp"

namespace outrider::config {

/// Environment variables by name. The library never reads the process's own: it is given one.
using environment = std::map<std::string, std::string>;

/// Replaces `${env:X}` and `${file:P}` in a value; `$${` stands for a literal `${`. A file's content loses one newline
/// at its end. Relative paths count from `folder`.
complaint expand(std::string_view text, const environment& variables, const std::string& folder, std::string& out);

/// `path` as seen from `folder`; absolute paths and an empty folder leave it as it is.
std::string from_folder(const std::string& folder, std::string_view path);

/// The whole of a file, at most `most` bytes.
complaint read_file(const std::string& path, std::size_t most, std::string& out);

/// Nothing when `path` is a file that can be read.
complaint check_readable(const std::string& path);

}  // namespace outrider::config
