// One golden file per error, in tests/data/config/errors. A line `#! set PATH=VALUE` or `#! env NAME=VALUE` at the top
// stands for a flag or a variable.

#include <sstream>

#include "tests/unit/sidecar/config/golden_errors.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

const golden_errors golden{"errors"};

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

class ConfigurationError : public testing::TestWithParam<std::string> {};

TEST_P(ConfigurationError, IsReportedAsInItsGoldenFile) {
    const auto& name = GetParam();
    const auto yaml = golden.yaml(name);
    golden.expect(name, must_fail(yaml, input_of(name, yaml)));
}

INSTANTIATE_TEST_SUITE_P(Golden, ConfigurationError, testing::ValuesIn(golden.cases()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace outrider::config::test
