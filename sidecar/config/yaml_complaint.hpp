#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/config/diagnostic.hpp"

namespace outrider::config {

/// A finding at the byte `offset`, its line and column as an editor shows them.
diagnostic at_offset(std::string_view bytes, std::size_t offset, const std::string& name, std::string text);

/// What is said about a text that is not YAML: libfyaml's own words, except for the mistakes that those do not name.
/// @param complaint  what libfyaml complained about
/// @param open       of the innermost bracket that is open where reading stopped
diagnostic explain_syntax_error(std::string_view bytes, const std::string& name,
                                const std::optional<diagnostic>& complaint, const origin* open);

}  // namespace outrider::config
