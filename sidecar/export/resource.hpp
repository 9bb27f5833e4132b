#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sidecar/config/settings.hpp"

namespace outrider::exporting {

/// What the spans of this process are attributed to: the attributes of OTEL_RESOURCE_ATTRIBUTES, over which go the
/// settings (service.name, service.namespace, service.version, service.instance.id); host.name always;
/// telemetry.distro.* for us.
std::vector<std::pair<std::string, std::string>> resource_attributes(const config::settings& settings);

/// The same as an encoded OTLP Resource message.
std::string encoded_resource(const config::settings& settings);

}  // namespace outrider::exporting
