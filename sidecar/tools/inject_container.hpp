#pragma once

#include <string>
#include <vector>

#include "sidecar/config/load.hpp"
#include "sidecar/tools/yaml_text.hpp"

namespace outrider::tools {

inline constexpr const char* sidecar_name = "outrider";
inline constexpr const char* state_volume = "outrider-state";
inline constexpr const char* config_volume = "outrider-config";
inline constexpr const char* probes_port = "outrider-probes";  ///< by which inject knows the sidecars that it made

/// The native sidecar's container of a pod.
/// @param as         its whole configuration
/// @param settings   those of it that it is given as variables or flags
/// @param with_file  whether the rest comes from the file of a ConfigMap
yaml_value sidecar_container(const config::settings& as, const std::vector<config::override_setting>& settings,
                             const std::string& image, bool with_file);

}  // namespace outrider::tools
