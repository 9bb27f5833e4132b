#pragma once

#include <nlohmann/json.hpp>

#include "sidecar/app/metrics_page.hpp"
#include "sidecar/discovery/directory.hpp"

namespace outrider::app {

/// What registries say of upstreams, and how things stand with them.
nlohmann::json discovery_json(const discovery::directory& of);
void add_discovery(page& out, const discovery::directory& of);

}  // namespace outrider::app
