#pragma once

#include <string>
#include <vector>

#include "sidecar/config/endpoint.hpp"

namespace outrider::config {

/// The files that a path stands for: itself, or the *.yaml and *.yml of the folder in the order of their names. Names
/// that begin with a dot are passed over: editors leave such, and a mounted ConfigMap keeps its versions under them.
complaint list_yaml_files(const std::string& path, std::vector<std::string>& out);

/// Name, size, time of change in nanoseconds and inode of a file as it is now, links followed. Another text means that
/// it may have changed; the same text, that it has not. It costs one stat(2).
std::string file_stamp(const std::string& file);

/// The stamps of all files that a path stands for: for a watcher to ask now and then.
std::string fingerprint_of_path(const std::string& path);

}  // namespace outrider::config
