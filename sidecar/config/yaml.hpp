#pragma once

#include <string>
#include <string_view>

#include "sidecar/config/node.hpp"

namespace outrider::config {

/// What a document may cost; a configuration is far below each of these.
struct yaml_bounds {
    std::size_t bytes = 1U << 20;
    std::size_t depth = 32;
    std::size_t nodes = 20'000;  ///< after aliases were replaced: what makes an alias bomb harmless
};

/// What could be read of a document.
struct yaml_tree {
    node root;
    bool whole = false;  ///< false: reading stopped at an error, and what is missing in `root` may be there
};

/// Reads one YAML 1.2 document. Aliases are replaced by what they stand for; duplicate keys, a second document, tags,
/// bytes that are not UTF-8 and everything over a bound are errors.
/// @param name    the file's name, as errors show it
/// @param errors  findings are added here; not every one of them ends the reading
yaml_tree parse_yaml(std::string_view bytes, const std::string& name, diagnostics& errors,
                     const yaml_bounds& bounds = {});

}  // namespace outrider::config
