#pragma once

#include <string>
#include <vector>

namespace outrider::config {

/// Where a value came from, in the order of precedence: a later one beats an earlier one.
enum class source { fallback, file, otel_environment, outrider_environment, flag };

/// The place a value was written at: a file with a position, a variable's name, or a flag.
struct origin {
    source from = source::fallback;
    std::string name;     ///< path of the file, name of the variable, or the flag as written ("--set timeouts.total")
    unsigned line = 0;    ///< from 1; 0 outside files
    unsigned column = 0;  ///< from 1, in characters
};

/// One finding about the configuration; `text` says what is wrong and what to do.
struct diagnostic {
    std::string file;  ///< as in origin::name
    unsigned line = 0;
    unsigned column = 0;
    std::string text;
    bool operator==(const diagnostic&) const = default;
};

using diagnostics = std::vector<diagnostic>;

diagnostic at(const origin& where, std::string text);

/// "file:line:column: text", or "name: text" where there is no position.
std::string to_text(const diagnostic& finding);

/// "file sidecar.yaml:7", "environment OTEL_SERVICE_NAME", "flag --service", "default".
std::string to_text(const origin& where);

}  // namespace outrider::config
