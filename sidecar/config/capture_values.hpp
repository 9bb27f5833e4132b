#pragma once

#include <string_view>

#include "sidecar/config/settings_capture.hpp"
#include "sidecar/config/value_type.hpp"

namespace outrider::config {

/// Reads "path:NAME", "query:NAME", "header:NAME", "json:/POINTER", "kafka:key" or "kafka:header:NAME".
complaint parse_value_source(std::string_view text, value_source& out);
type_of<value_source> value_source_type();

/// A secret that is used as a key: at least 16 bytes.
type_of<std::string> long_secret();

}  // namespace outrider::config
