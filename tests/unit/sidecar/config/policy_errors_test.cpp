// One golden file per error, in tests/data/config/policy_errors.

#include "tests/unit/sidecar/config/golden_errors.hpp"
#include "tests/unit/sidecar/config/policy_loading.hpp"

namespace outrider::config::test {
namespace {

const golden_errors golden{"policy_errors"};

class PolicyError : public testing::TestWithParam<std::string> {};

TEST_P(PolicyError, IsReportedAsInItsGoldenFile) {
    const auto& name = GetParam();
    const auto yaml = golden.yaml(name);
    const auto result = load_policy_text(yaml, name + ".yaml");
    const auto* errors = std::get_if<diagnostics>(&result);
    ASSERT_NE(errors, nullptr) << "no error in\n" << yaml;
    golden.expect(name, lines(*errors));
}

INSTANTIATE_TEST_SUITE_P(Golden, PolicyError, testing::ValuesIn(golden.cases()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace outrider::config::test
