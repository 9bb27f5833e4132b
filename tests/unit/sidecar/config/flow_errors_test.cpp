// One golden file per error, in tests/data/config/flow_errors.

#include "sidecar/config/flows.hpp"
#include "tests/unit/sidecar/config/golden_errors.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

const golden_errors golden{"flow_errors"};

class FlowError : public testing::TestWithParam<std::string> {};

TEST_P(FlowError, IsReportedAsInItsGoldenFile) {
    const auto& name = GetParam();
    const auto yaml = golden.yaml(name);
    const auto result = load_flow_text(yaml, name + ".yaml");
    const auto* errors = std::get_if<diagnostics>(&result);
    ASSERT_NE(errors, nullptr) << "no error in\n" << yaml;
    golden.expect(name, lines(*errors));
}

INSTANTIATE_TEST_SUITE_P(Golden, FlowError, testing::ValuesIn(golden.cases()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace outrider::config::test
