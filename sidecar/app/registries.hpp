#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/config/settings.hpp"
#include "sidecar/discovery/directory.hpp"

namespace outrider::app {

/// The registries that the settings name, by their keys there.
using registry_map = std::map<std::string, std::shared_ptr<discovery::registry>>;
registry_map make_registries(const config::settings& settings);

/// The discovered upstreams with what their registries are asked.
/// @param judge  why a member may not be called; empty: it may
std::vector<discovery::discovered_upstream> discovered_upstreams(
    const config::settings& settings, const registry_map& registries,
    std::function<std::string(const config::upstream_endpoint&)> judge);

}  // namespace outrider::app
