#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "governance/policy.hpp"
#include "sidecar/config/load.hpp"
#include "sidecar/config/policy_files.hpp"

namespace outrider::config {

/// Where policies come from, and what they are judged by.
struct policy_input {
    std::string path;                          ///< a file, or a folder of files; empty: none
    std::vector<governance::policy> in_place;  ///< of sidecar.yaml
    config::origins origins;                   ///< of `in_place`, below "policies.in_place"
    config::environment environment;           ///< for references
    std::optional<bool> fleet;                 ///< whether `fleet` is configured; nothing: not known, so not judged
};

/// Policies that can be compiled.
struct loaded_policies {
    std::vector<governance::policy> value;  ///< those in place first, then by file; bodies of fallbacks are read
    diagnostics warnings;
};

/// Either policies, or every error found in them.
using policies_result = std::variant<loaded_policies, diagnostics>;

/// What a configuration says about its policies.
policy_input policies_of(const loaded& configuration, environment variables);

/// Reads and judges them all. Costs at most 1 MiB of text for each file, 1 MiB for each fallback, 5,000 policies.
/// @param involved  what was read, or looked for, whether that went well or not: to know when to read again
policies_result load_policies(const policy_input& input, policy_files* involved = nullptr);

/// load_policies() of a document that is at hand; `file` is the name that errors show, and fallback files count from
/// its folder.
policies_result load_policy_text(std::string_view yaml, const std::string& file, const policy_input& input = {});

}  // namespace outrider::config
