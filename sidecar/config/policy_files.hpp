#pragma once

#include <string>
#include <vector>

#include "sidecar/config/endpoint.hpp"

namespace outrider::config {

/// What a set of policies was read from.
struct policy_files {
    std::string path;                 ///< the file, or the folder; empty: none
    std::vector<std::string> others;  ///< fallback files, also those that were not there
    std::string fingerprint;          ///< of all of them, taken before they were read
};

/// The files that a path stands for: itself, or the *.yaml and *.yml of the folder in the order of their names. Names
/// that begin with a dot are passed over: editors leave such, and a mounted ConfigMap keeps its versions under them.
complaint list_policy_files(const std::string& path, std::vector<std::string>& out);

/// One file's part of a fingerprint.
std::string file_stamp(const std::string& file);

/// Names, sizes, times of change in nanoseconds and inodes of the files as they are now, links followed. Another text
/// means that something may have changed; the same text, that nothing has. For a watcher to ask now and then: it costs
/// one stat(2) for each file.
std::string fingerprint(const policy_files& of);

}  // namespace outrider::config
