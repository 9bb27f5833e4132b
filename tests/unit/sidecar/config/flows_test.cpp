#include "sidecar/config/flows.hpp"

#include <gtest/gtest.h>

#include "sidecar/config/reference.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/config/policy_loading.hpp"
#include "tests/unit/sidecar/config/yaml_as_json.hpp"

namespace outrider::config::test {
namespace {

using flows::event_kind;
using status_kind = flows::wanted_status::kind;

const std::filesystem::path root = std::filesystem::path{OUTRIDER_TEST_DATA} / ".." / "..";

loaded_flows must_load(const std::string& yaml) {
    auto result = load_flow_text(yaml, "flows.yaml");
    if (auto* errors = std::get_if<diagnostics>(&result)) {
        ADD_FAILURE() << lines(*errors) << yaml;
        return {};
    }
    return std::get<loaded_flows>(std::move(result));
}

TEST(Flows, AreReadWithAllTheirKeys) {
    const auto read = must_load(R"(flows:
  - name: orders
    description: what is ordered is paid
    by: order
    events:
      placed: {produce: "order-*", service: orders}
      seen: {consume: order-placed}
      asked: {outbound: "POST /orders/{id}/charge", upstream: payment, status: 2xx}
      paid: {inbound: "POST /orders/{id}/charge", status: 201}
      undone: {produce: undone, status: error}
    expect: placed -> (seen & asked x 1..3) within 5s -> paid end within 1m
    compensate: {asked: undone within 10s}
    recurring: true
    unstarted: ignored
)");
    ASSERT_EQ(read.value.size(), 1);
    const auto& flow = read.value[0];
    EXPECT_EQ(flow.text.name, "orders");
    EXPECT_EQ(flow.text.by, "order");
    EXPECT_TRUE(flow.text.recurring);
    EXPECT_EQ(flow.text.unstarted, flows::unstarted_run::ignored);
    ASSERT_EQ(flow.events.size(), 5);
    EXPECT_EQ(flow.events[0].name, "asked");
    EXPECT_EQ(flow.events[0].match.kind, event_kind::outbound);
    EXPECT_EQ(flow.events[0].match.method, "POST");
    EXPECT_EQ(flow.events[0].match.path, "/orders/{id}/charge");
    EXPECT_EQ(flow.events[0].match.upstream, "payment");
    EXPECT_EQ(flow.events[0].match.status, (flows::wanted_status{status_kind::one_class, 2}));
    EXPECT_EQ(flow.events[1].match.status, (flows::wanted_status{status_kind::code, 201}));
    EXPECT_EQ(flow.events[2].match.topic, "order-*");
    EXPECT_EQ(flow.events[2].match.status.is, status_kind::ok);
    EXPECT_EQ(flow.events[4].match.status.is, status_kind::error);
    ASSERT_EQ(flow.steps.size(), 3);
    ASSERT_EQ(flow.steps[1].alternatives[0].members.size(), 2);
    EXPECT_EQ(flow.steps[1].text, "(seen & asked x 1..3)");
    ASSERT_EQ(flow.compensations.size(), 1);
    EXPECT_EQ(flow.compensations[0].trigger, 0);
    EXPECT_EQ(read.warnings.size(), 0) << lines(read.warnings);
}

TEST(Flows, WarnOfEventsThatMeanNothingOrTheSame) {
    const auto read = must_load(R"(flows:
  - name: orders
    events: {a: {produce: t}, b: {produce: t}, c: {produce: u}}
    expect: a -> b
)");
    EXPECT_EQ(lines(read.warnings),
              "flows.yaml:3:34: 'flows.0.events.b' is seen by the same spans as 'a': each of them means both\n"
              "flows.yaml:3:51: 'flows.0.events.c' is named in no expression\n");
}

TEST(Flows, AreReadFromFilesAndFoldersInTheOrderOfTheirNames) {
    const temporary_folder folder;
    const auto flow = [](const std::string& name) {
        return "flows: [{name: " + name + ", events: {a: {produce: t}}, expect: a}]\n";
    };
    folder.write("some/b.yaml", flow("second"));
    folder.write("some/a.yml", flow("first"));
    folder.write("some/.hidden.yaml", "nothing: good\n");
    folder.write("last.yaml", flow("third"));
    const flow_input input{{folder / "some", folder / "last.yaml"}, {}};
    const auto before = fingerprint(input);
    const auto read = load_flows(input);
    ASSERT_TRUE(std::holds_alternative<loaded_flows>(read)) << lines(std::get<diagnostics>(read));
    std::string names;
    for (const auto& one : std::get<loaded_flows>(read).value) names += one.text.name + " ";
    EXPECT_EQ(names, "first second third ");
    EXPECT_EQ(fingerprint(input), before);
    folder.write("some/c.yaml", flow("first"));
    EXPECT_NE(fingerprint(input), before);
    const auto again = load_flows(input);
    ASSERT_TRUE(std::holds_alternative<diagnostics>(again));
    EXPECT_NE(lines(std::get<diagnostics>(again)).find("a second flow named 'first'"), std::string::npos);
}

TEST(Flows, OfAFolderAreAtMostAThousandFiles) {
    const temporary_folder folder;
    for (int i = 0; i < 1'001; ++i) folder.write(std::to_string(i) + ".yaml", "");
    flow_input input;
    input.paths = {folder.path()};
    const auto read = load_flows(input);
    ASSERT_TRUE(std::holds_alternative<diagnostics>(read));
    EXPECT_NE(lines(std::get<diagnostics>(read)).find("holds more than 1000 YAML files"), std::string::npos);
}

TEST(Flows, ThatCannotBeReadAreAnError) {
    const auto read = load_flows({{"/nowhere/flows.yaml"}, {}});
    ASSERT_TRUE(std::holds_alternative<diagnostics>(read));
    EXPECT_NE(lines(std::get<diagnostics>(read)).find("/nowhere/flows.yaml"), std::string::npos);
}

TEST(Flows, OfTheExamplesAreUsableAndAsTheSchemaSays) {
    const json_schema_check schema{nlohmann::json::parse(flows_schema())};
    std::size_t found = 0;
    for (const auto& example : std::filesystem::directory_iterator{root / "examples"}) {
        const auto file = example.path() / "flows.yaml";
        if (!std::filesystem::exists(file)) continue;
        ++found;
        const auto read = load_flows({{file.string()}, {}});
        ASSERT_TRUE(std::holds_alternative<loaded_flows>(read)) << lines(std::get<diagnostics>(read));
        EXPECT_EQ(lines(std::get<loaded_flows>(read).warnings), "");
        EXPECT_EQ(schema.judge(as_json(outrider::test::file_text(file))), "") << file;
    }
    EXPECT_GE(found, 1);
}

TEST(FlowsSchema, KnowsEveryKeyAndNoOther) {
    const json_schema_check schema{nlohmann::json::parse(flows_schema())};
    const auto judged = [&](const std::string& more) {
        return schema.judge(as_json("flows: [{name: a, events: {e: {produce: t}}, expect: e, " + more + "}]"));
    };
    EXPECT_EQ(judged("by: order, recurring: true, unstarted: ignored, compensate: {e: f}, description: d"), "");
    EXPECT_NE(judged("bye: order"), "");
    EXPECT_NE(judged("unstarted: no"), "");
    EXPECT_NE(schema.judge(as_json("flows: [{name: a, events: {e: {prduce: t}}, expect: e}]")), "");
    EXPECT_NE(schema.judge(as_json("flows: [{name: a, events: {e: {inbound: GET, status: fine}}, expect: e}]")), "");
    EXPECT_NE(schema.judge(as_json("flows: [{name: a, expect: e}]")), "");
}

// Written by `outrider check --flows-schema`.
TEST(FlowsSchema, OfEditorsIsCurrent) {
    EXPECT_EQ(outrider::test::file_text(root / "policies" / "flows.schema.json"), flows_schema());
}

}  // namespace
}  // namespace outrider::config::test
