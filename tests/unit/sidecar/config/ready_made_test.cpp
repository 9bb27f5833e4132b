// The policies that users begin with, and the schema by which their editors judge them.

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sidecar/config/reference.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/config/json_schema_check.hpp"
#include "tests/unit/sidecar/config/policy_loading.hpp"
#include "tests/unit/sidecar/config/yaml_as_json.hpp"

namespace outrider::config::test {
namespace {

namespace fs = std::filesystem;

const fs::path root = fs::path{OUTRIDER_TEST_DATA} / ".." / "..";

std::vector<fs::path> ready_made() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator{root / "policies"})
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

policies_result load_from(const fs::path& path) {
    policy_input input;
    input.path = path.string();
    input.fleet = false;
    return load_policies(input);
}

TEST(ReadyMadePolicies, AreThere) { EXPECT_EQ(ready_made().size(), 7U); }

TEST(ReadyMadePolicies, AreValidEachForItself) {
    for (const auto& file : ready_made()) {
        const auto result = load_from(file);
        ASSERT_TRUE(std::holds_alternative<loaded_policies>(result)) << lines(std::get<diagnostics>(result));
        EXPECT_FALSE(std::get<loaded_policies>(result).value.empty()) << file;
        EXPECT_EQ(lines(std::get<loaded_policies>(result).warnings), "");
    }
}

TEST(ReadyMadePolicies, DoNotContradictEachOther) {
    const auto result = load_from(root / "policies");
    ASSERT_TRUE(std::holds_alternative<loaded_policies>(result)) << lines(std::get<diagnostics>(result));
}

TEST(ReadyMadePolicies, AreAsTheSchemaSays) {
    const json_schema_check schema{nlohmann::json::parse(policies_schema())};
    for (const auto& file : ready_made()) EXPECT_EQ(schema.judge(as_json(outrider::test::file_text(file))), "") << file;
}

TEST(ReadyMadePolicies, AreListedForUsers) {
    const auto readme = outrider::test::file_text(root / "policies" / "README.md");
    for (const auto& file : ready_made())
        EXPECT_NE(readme.find("(" + file.filename().string() + ")"), std::string::npos) << file;
}

TEST(PoliciesSchema, KnowsEveryKeyAndNoOther) {
    const json_schema_check schema{nlohmann::json::parse(policies_schema())};
    const auto every = outrider::test::file_text(root / "tests" / "fuzz" / "corpus" / "policies" / "every_key");
    EXPECT_EQ(schema.judge(as_json(every)), "");
    ASSERT_FALSE(must_load_policies(every).empty());
    const auto judged = [&](const std::string& match, const std::string& rule) {
        return schema.judge(as_json("policies: [{name: a, match: {" + match + "}, " + rule + "}]"));
    };
    EXPECT_EQ(judged("inbound: '*'", "limit: {rate: '${env:RATE}'}"), "");
    for (const auto& [match, rule] : std::initializer_list<std::pair<const char*, const char*>>{
             {"inbound: '*'", "limit: {rte: 1/s}"},
             {"inbound: '*'", "limit: {rate: 5/fortnight}"},
             {"inbound: '*'", "limit: {rate: 100}"},
             {"inbound: '*'", "limit: {burst: 5}"},
             {"inbound: '*'", "cost: 0"},
             {"inbound: '*'", "mode: enforced"},
             {"inbound: 'get /a b'", "cost: 2"},
             {"inbnd: '*'", "cost: 2"},
             {"outbound: '*'", "retry: {when: [200]}"},
             {"outbound: '*'", "timeout: [{total: 1s}, {total: 2s}]"},
             {"outbound: '*'", "breaker: {slow: 80%}"},
             {"outbound: '*'", "balance: random"}})
        EXPECT_NE(judged(match, rule), "") << rule;
}

TEST(SidecarSchema, TakesPoliciesAsAPathOrInPlace) {
    const json_schema_check schema{nlohmann::json::parse(json_schema())};
    EXPECT_EQ(schema.judge(as_json("policies: policies.d")), "");
    EXPECT_EQ(schema.judge(as_json("policies: [{name: a, match: {inbound: GET}, cost: 2}]")), "");
    EXPECT_EQ(schema.judge(as_json("policies: {path: a, in_place: [{name: a, match: {inbound: GET}, cost: 2}]}")), "");
    EXPECT_NE(schema.judge(as_json("policies: [{name: a, match: {inbound: GET}, costs: 2}]")), "");
}

TEST(SidecarSchema, TakesEveryKeyOfTheDesign) {
    const json_schema_check schema{nlohmann::json::parse(json_schema())};
    EXPECT_EQ(
        schema.judge(as_json(outrider::test::file_text(root / "tests" / "data" / "config" / "valid" / "design.yaml"))),
        "");
}

// The copies are written by `outrider check --policies-schema` and `outrider check --policies-reference`.

TEST(PoliciesReference, OfEditorsIsCurrent) {
    EXPECT_EQ(outrider::test::file_text(root / "policies" / "policies.schema.json"), policies_schema());
}

TEST(PoliciesReference, OfUsersIsCurrent) {
    EXPECT_EQ(outrider::test::file_text(root / "deploy" / "guide" / "policies.md"), policies_reference());
}

TEST(PoliciesReference, NamesEveryKey) {
    const auto text = policies_reference();
    for (const auto* key : {"name", "mode", "match.inbound", "match.header", "limit.rate", "limit.overrides",
                            "retry.when", "breaker.slow", "fallback.file", "balance.kind", "priority", "cost"})
        EXPECT_NE(text.find("| `" + std::string{key} + "` |"), std::string::npos) << key;
}

}  // namespace
}  // namespace outrider::config::test
