#pragma once

#include <string>

namespace outrider::config {

/// JSON Schema (2020-12) of sidecar.yaml, for editors; kept as policies/sidecar.schema.json.
std::string json_schema();

/// JSON Schema (2020-12) of a file of policies; kept as policies/policies.schema.json.
std::string policies_schema();

/// JSON Schema (2020-12) of a file of flows; kept as policies/flows.schema.json.
std::string flows_schema();

/// Every setting with its type, bounds and default as Markdown; kept as deploy/guide/settings.md.
std::string settings_reference();

/// Every key of a policy likewise; kept as deploy/guide/policies.md.
std::string policies_reference();

}  // namespace outrider::config
