#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sidecar/config/diagnostic.hpp"
#include "sidecar/config/reader.hpp"
#include "sidecar/config/settings.hpp"

namespace outrider::config {

/// One setting given on the command line.
struct override_setting {
    std::string path;  ///< "timeouts.first_byte"
    std::string value;
    std::string flag;  ///< as errors name it: "--service"; empty: "--set PATH"
};

/// Everything a configuration is made of. Precedence: sets > OUTRIDER_* > OTEL_* > file > default.
struct load_input {
    std::optional<std::string> file;
    std::vector<override_setting> sets;
    config::environment environment;
    std::string default_instance;  ///< `instance` where none is given; empty: host name and process id
    bool elsewhere = false;        ///< it is for another machine: files that it names are not looked for
};

/// A configuration that can be run, with what `check --print` tells about it.
struct loaded {
    settings value;
    config::origins origins;  ///< of every setting that was given; the others have their default
    diagnostics warnings;
};

/// Either a configuration, or every error found in it.
using load_result = std::variant<loaded, diagnostics>;

load_result load(const load_input& input);

/// load() of a document that is at hand; input.file is the name that errors show.
load_result load_text(std::string_view yaml, const load_input& input);

}  // namespace outrider::config
