#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/tools/inject.hpp"
#include "sidecar/tools/inject_container.hpp"
#include "sidecar/tools/inject_manifest.hpp"
#include "sidecar/tools/yaml_text.hpp"

namespace outrider::tools {

/// The sidecar beside one workload, and what is known of it.
struct sidecar_shape {
    yaml_value container;
    std::vector<yaml_value> volumes;
    std::uint16_t inbound_port = 0;  ///< where it takes in what is meant for the application; 0: not, or not known
    std::uint16_t app_port = 0;      ///< where it passes that on; 0 likewise
    std::string outbound;            ///< for the application's calls; empty: not known
    std::vector<std::pair<std::string, std::string>> kafka;  ///< name, address for the application
};

/// The sidecar that a workload gets, judged as `outrider check` would; nothing when there was an error.
/// @param services  that may say what the workload's ports speak
std::optional<sidecar_shape> shape_sidecar(const workload& beside, const std::vector<manifest>& services,
                                           const inject_request& request, inject_findings& findings);

}  // namespace outrider::tools
