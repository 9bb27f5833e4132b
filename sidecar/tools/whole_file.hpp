#pragma once

#include <string>

namespace outrider::tools {

/// Gives a file a new content as a whole or not at all: it is written beside it, synced, and takes its name; mode, and
/// owner where allowed, are kept, and a link goes on leading to it. What is no ordinary file (a pipe) is written to.
/// @return nothing, or why it could not be done; then the file is as it was
std::string replace_file(const std::string& path, const std::string& content);

}  // namespace outrider::tools
