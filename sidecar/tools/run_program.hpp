#pragma once

#include <string>
#include <vector>

namespace outrider::tools {

/// How a program of the system ended.
struct program_result {
    bool found = true;  ///< it is on the path, or in /usr/sbin or /sbin
    bool succeeded = false;
    std::string output;     ///< at most 1 MiB
    std::string complaint;  ///< its standard error in one line, or that it did not end in time
};

/// Runs `words` to its end, at most 20 s, with `input` to read.
program_result run_program(const std::vector<std::string>& words, const std::string& input = {});

}  // namespace outrider::tools
