#pragma once

#include <string>
#include <vector>

namespace outrider::config {

/// What a set of policies was read from.
struct policy_files {
    std::string path;                 ///< the file, or the folder; empty: none
    std::vector<std::string> others;  ///< fallback files, also those that were not there
    std::string fingerprint;          ///< of all of them, taken before they were read
};

/// The stamps of the files as they are now (file_stamp): another text means that something may have changed.
std::string fingerprint(const policy_files& of);

}  // namespace outrider::config
