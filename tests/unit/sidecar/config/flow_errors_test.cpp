// One golden file per error: tests/data/config/flow_errors/NAME.yaml is what the user wrote, NAME.expected what is
// said about it. OUTRIDER_UPDATE_GOLDEN=1 writes the .expected files anew; read the difference before it is kept.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "sidecar/config/flows.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path{OUTRIDER_TEST_DATA} / "config" / "flow_errors";

std::string content(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{folder})
        if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

class FlowError : public testing::TestWithParam<std::string> {};

TEST_P(FlowError, IsReportedAsInItsGoldenFile) {
    const auto& name = GetParam();
    const auto yaml = content(folder / (name + ".yaml"));
    const auto result = load_flow_text(yaml, name + ".yaml");
    const auto* errors = std::get_if<diagnostics>(&result);
    ASSERT_NE(errors, nullptr) << "no error in\n" << yaml;
    const auto golden = folder / (name + ".expected");
    if (std::getenv("OUTRIDER_UPDATE_GOLDEN") != nullptr) std::ofstream{golden, std::ios::binary} << lines(*errors);
    EXPECT_EQ(lines(*errors), content(golden)) << yaml;
}

INSTANTIATE_TEST_SUITE_P(Golden, FlowError, testing::ValuesIn(cases()), [](const auto& each) { return each.param; });

}  // namespace
}  // namespace outrider::config::test
