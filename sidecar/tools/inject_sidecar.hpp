#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/tools/inject.hpp"
#include "sidecar/tools/inject_manifest.hpp"
#include "sidecar/tools/yaml_text.hpp"

namespace outrider::tools {

inline constexpr const char* sidecar_name = "outrider";
inline constexpr const char* state_volume = "outrider-state";
inline constexpr const char* config_volume = "outrider-config";
inline constexpr const char* probes_port = "outrider-probes";  ///< by which inject knows the sidecars that it made

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

/// The name of the ConfigMap that is made of inject_request::config.
std::string config_map_name(const workload& beside);
/// The ConfigMap itself, as lines in block style.
std::vector<std::string> config_map_lines(const workload& beside, const std::string& config_text);
/// Whether a ConfigMap is one that config_map_lines() made.
bool is_our_config_map(const manifest& one);

}  // namespace outrider::tools
