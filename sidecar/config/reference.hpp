#pragma once

#include <string>

namespace outrider::config {

/// JSON Schema (2020-12) of sidecar.yaml, for editors; kept as policies/sidecar.schema.json.
std::string json_schema();

/// Every setting with its type, bounds and default as Markdown; kept as deploy/guide/settings.md.
std::string settings_reference();

}  // namespace outrider::config
