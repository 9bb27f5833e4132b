#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/tools/inject_manifest.hpp"
#include "sidecar/tools/text_edit.hpp"

namespace outrider::tools {

/// The name of the ConfigMap that is made of inject_request::config.
std::string config_map_name(const workload& beside);

/// Brings the ConfigMaps of ours, each a document at the end of the stream, to what they are to be.
/// @param owners       the workloads that have one
/// @param left_alone   workloads whose ConfigMaps, if they have any, stay as they are
/// @param config_text  what is in each
std::vector<text_edit> edit_config_maps(std::string_view text, const manifests& all,
                                        const std::vector<const workload*>& owners,
                                        const std::vector<const workload*>& left_alone, const std::string& config_text,
                                        inject_findings& findings);

}  // namespace outrider::tools
