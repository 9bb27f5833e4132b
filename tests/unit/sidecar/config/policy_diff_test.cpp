#include "sidecar/config/policy_diff.hpp"

#include "sidecar/config/print.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/config/policy_loading.hpp"

namespace outrider::config::test {
namespace {

std::string between(const std::string& before, const std::string& after) {
    const auto load = [](const std::string& policies) { return must_load_policies("policies: [" + policies + "]"); };
    return to_text(policy_diff(load(before), load(after)));
}

std::string policy(const std::string& rules, const std::string& name = "a") {
    return "{name: " + name + ", match: {outbound: '*'}, " + rules + "}";
}

constexpr const char* one_changed = "0 added, 0 removed, 1 changed\n";

TEST(PolicyDiff, SaysNothingOfPoliciesThatMeanTheSame) {
    EXPECT_EQ(between(policy("cost: 2"), policy("cost: 2")), "no difference\n");
    EXPECT_EQ(
        between(policy("cost: 2") + "," + policy("cost: 2", "b"), policy("cost: 2", "b") + "," + policy("cost: 2")),
        "no difference\n");
    EXPECT_EQ(between(policy("retry: {}"), policy("retry: {attempts: 2, when: [connect]}")), "no difference\n");
    EXPECT_EQ(between(policy("mode: off, cost: 2"), policy("mode: disabled, cost: 2")), "no difference\n");
    EXPECT_EQ(between(policy("limit: [{rate: 5MiB/s}]"), policy("limit: {rate: 5MiB/s, of: bytes}")),
              "no difference\n");
}

TEST(PolicyDiff, NamesEachKeyThatChanged) {
    EXPECT_EQ(
        between("{name: a, match: {inbound: GET /a}, limit: {rate: 100/s, key: address, overrides: {x: 5/s, y: 6/s}}}",
                "{name: a, mode: shadow, match: {inbound: POST /a}, limit: {rate: 200/s, burst: 50, key: address, "
                "overrides: {x: 7/s}}}"),
        std::string{"policy 'a' changed:\n"
                    "    mode: enforce -> shadow\n"
                    "    match.inbound: GET /a -> POST /a\n"
                    "    limit.rate: 100/s -> 200/s\n"
                    "    limit.burst: not set -> 50\n"
                    "    limit.overrides.x: 5/s -> 7/s\n"
                    "    limit.overrides.y: 6/s -> not set\n"} +
            one_changed);
    EXPECT_EQ(between(policy("breaker: {slow: 80% over 1s}"), policy("breaker: {slow: 50% over 1s}")),
              std::string{"policy 'a' changed:\n    breaker.slow: 80% over 1s -> 50% over 1s\n"} + one_changed);
    EXPECT_EQ(between(policy("retry: {when: [503]}"), policy("retry: {when: [connect, 503]}")),
              std::string{"policy 'a' changed:\n    retry.when: [503] -> [connect, 503]\n"} + one_changed);
}

TEST(PolicyDiff, NamesARuleThatCameOrWent) {
    EXPECT_EQ(between(policy("cost: 2"), policy("retry: {}")),
              std::string{"policy 'a' changed:\n    cost: 2 -> not set\n    retry: not set -> as by default\n"} +
                  one_changed);
    EXPECT_EQ(between(policy("cost: 2, timeout: {total: 1s}"), policy("cost: 2")),
              std::string{"policy 'a' changed:\n    timeout.total: 1s -> not set\n"} + one_changed);
    EXPECT_EQ(between(policy("limit: {rate: 1/s}"), policy("limit: [{rate: 1/s}, {rate: 2/s, of: bytes}]")),
              std::string{"policy 'a' changed:\n    limit.1.rate: not set -> 2/s\n    limit.1.of: not set -> bytes\n"} +
                  one_changed);
}

TEST(PolicyDiff, NamesPoliciesThatCameOrWent) {
    EXPECT_EQ(
        between(policy("cost: 2") + "," + policy("cost: 2", "b"),
                policy("cost: 2") + ", {name: c, match: {produce: 'x.*'}, limit: {rate: 5MiB/s, key: client_id}}"),
        "policy 'c' is new:\n"
        "    match.produce: x.*\n"
        "    limit.rate: 5MiB/s\n"
        "    limit.of: bytes\n"
        "    limit.key: client_id\n"
        "policy 'b' is gone\n"
        "1 added, 1 removed, 0 changed\n");
}

TEST(PolicyDiff, SeesThatAFallbacksFileHasAnotherContent) {
    const temporary_folder folder;
    const std::string yaml = "policies: [{name: a, match: {outbound: '*'}, fallback: {file: a.json}}]";
    folder.write("a.json", "{}");
    const auto before = must_load_policies(yaml, folder / "p.yaml");
    folder.write("a.json", "[]");
    const auto after = must_load_policies(yaml, folder / "p.yaml");
    const auto said = to_text(policy_diff(before, after));
    EXPECT_TRUE(said.starts_with("policy 'a' changed:\n    fallback.file (content): 2 bytes, ")) << said;
    EXPECT_EQ(to_text(policy_diff(after, after)), "no difference\n");
}

TEST(PolicyDiff, ShowsTheBeginningOfALongBody) {
    const auto said = between(policy("fallback: {body: short}"),
                              policy("fallback: {body: \"two\\nlines " + std::string(100, 'x') + "\"}"));
    EXPECT_NE(said.find("    fallback.body: short -> \"two\\nlines xxx"), std::string::npos) << said;
    EXPECT_NE(said.find("\"...\n"), std::string::npos) << said;
}

TEST(PrintedPolicies, ReadBackAsTheSame) {
    const auto yaml = outrider::test::file_text(OUTRIDER_TEST_DATA "/../fuzz/corpus/policies/every_key");
    const auto first = must_load_policies(yaml);
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(to_text(policy_diff(first, must_load_policies(print_policies(first)))), "no difference\n");
}

}  // namespace
}  // namespace outrider::config::test
