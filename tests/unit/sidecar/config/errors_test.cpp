// One golden file per error: tests/data/config/errors/NAME.yaml is what the user wrote, NAME.expected what is said
// about it. A line `#! set PATH=VALUE` or `#! env NAME=VALUE` at the top stands for a flag or a variable.
// OUTRIDER_UPDATE_GOLDEN=1 writes the .expected files anew; read the difference before it is kept.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path{OUTRIDER_TEST_DATA} / "config" / "errors";

std::string content(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

load_input input_of(const std::string& name, const std::string& yaml) {
    load_input input = with_flags({});
    input.file = name + ".yaml";
    std::istringstream in{yaml};
    for (std::string line; std::getline(in, line) && line.starts_with("#! ");) {
        const auto equals = line.find('=');
        const auto key = line.substr(7, equals - 7);
        const auto value = line.substr(equals + 1);
        if (line.starts_with("#! set ")) input.sets.push_back({key, value, ""});
        if (line.starts_with("#! env ")) input.environment[key] = value;
    }
    return input;
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{folder}) {
        if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

class ConfigurationError : public testing::TestWithParam<std::string> {};

TEST_P(ConfigurationError, IsReportedAsInItsGoldenFile) {
    const auto& name = GetParam();
    const auto yaml = content(folder / (name + ".yaml"));
    const auto said = must_fail(yaml, input_of(name, yaml));
    const auto golden = folder / (name + ".expected");
    if (std::getenv("OUTRIDER_UPDATE_GOLDEN") != nullptr) std::ofstream{golden, std::ios::binary} << said;
    EXPECT_EQ(said, content(golden)) << yaml;
}

INSTANTIATE_TEST_SUITE_P(Golden, ConfigurationError, testing::ValuesIn(cases()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace outrider::config::test
