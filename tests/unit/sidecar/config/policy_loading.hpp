#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/config/policies.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {

using outrider::test::temporary_folder;

/// The policies, or a test failure that shows the errors.
inline std::vector<governance::policy> must_load_policies(std::string_view yaml,
                                                          const std::string& file = "policies.yaml") {
    auto result = load_policy_text(yaml, file);
    if (auto* errors = std::get_if<diagnostics>(&result)) {
        ADD_FAILURE() << lines(*errors) << yaml;
        return {};
    }
    return std::get<loaded_policies>(std::move(result)).value;
}

}  // namespace outrider::config::test
