#pragma once

#include <string>

#include "sidecar/config/yaml.hpp"
#include "tests/unit/sidecar/config/json_schema_check.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {

/// A document as a validator of JSON Schema sees it.
inline nlohmann::json as_json(const std::string& yaml) {
    diagnostics errors;
    auto tree = parse_yaml(yaml, "a.yaml", errors);
    EXPECT_TRUE(errors.empty()) << lines(errors);
    return to_json(tree.root);
}

}  // namespace outrider::config::test
