#include "sidecar/tools/flows_text.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outrider::tools::test {
namespace {

using nlohmann::json;

json one_flow() {
    return json::parse(R"({"flows":[{"name":"orders","description":"","expect":"a -> b","by":"order","running":3,
      "completed":120,"compensated":4,"faulty":1,"steps":[
        {"name":"a","compensates":false,"reached":128,"waiting":0,"faults":{"stuck":0}},
        {"name":"b","compensates":false,"withinNano":"5000000000","reached":127,"waiting":1,"p50Nano":"12000000",
         "p95Nano":"1240000000","faults":{"stuck":1,"late":2}}],
      "recent":[{"kind":"stuck","step":"b","run":"4711","chain":"","atUnixNano":"1","toldUnixNano":"1700000000123000000",
        "deadlineUnixNano":"1","text":"b did not come within 5s after a","open":true,"retracted":false}]}]})");
}

TEST(FlowsText, IsATableOfStepsWithTheFaultsBelow) {
    EXPECT_EQ(flows_text(one_flow(), "", {100, true}),
              "orders\n"
              "  a run is one value of order; running 3, completed 120, compensated 4, faulty 1\n"
              "  step                          within   reached   waiting       p50       p95  faults\n"
              "  a                                          128         0\n"
              "  b                                 5s       127         1      12ms     1.24s  2 late, 1 stuck\n"
              "  22:13:20.123  stuck             4711: b did not come within 5s after a (still open)\n");
}

TEST(FlowsText, ShowsTheFlowThatIsWanted) {
    EXPECT_EQ(flows_text(one_flow(), "other", {}), "no flows are expected\n");
    EXPECT_NE(flows_text(one_flow(), "orders", {}).find("4711"), std::string::npos);
}

TEST(FlowsText, KnowsWhetherAnythingIsNotAsExpected) {
    EXPECT_TRUE(has_faults(one_flow(), ""));
    EXPECT_FALSE(has_faults(one_flow(), "other"));
    auto well = one_flow();
    well["flows"][0]["faulty"] = 0;
    well["flows"][0]["recent"][0]["retracted"] = true;
    EXPECT_FALSE(has_faults(well, ""));
    EXPECT_FALSE(has_faults(json::parse("[1]"), ""));
}

/// Whatever an answer holds, what is shown is text.
TEST(FlowsText, LetsNothingOfAnAnswerReachTheTerminal) {
    const std::string hostile = "\x1b[2J\n<script>\u202e" + std::string(100'000, 'x');
    json answer = one_flow();
    auto& flow = answer["flows"][0];
    flow["name"] = flow["description"] = flow["by"] = hostile;
    flow["steps"][1]["name"] = hostile;
    flow["steps"][1]["faults"][hostile] = 5;
    for (const char* name : {"kind", "run", "text"}) flow["recent"][0][name] = hostile;
    for (const auto& text : {flows_text(answer, "", {}), run_text(flow, {})}) {
        EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) { return c == '\x1b'; }));
        EXPECT_EQ(text.find("\u202e"), std::string::npos);
        EXPECT_LT(text.size(), 10'000);
    }
}

TEST(FlowsText, TakesAnyShapeOfAnAnswer) {
    for (const char* text : {"null", "[]", "{}", R"({"flows":1})", R"({"flows":[1,null,[],{}]})",
                             R"({"flows":[{"steps":{},"recent":[{}]}]})",
                             R"({"flows":[{"steps":[{"withinNano":5,"reached":-1,"faults":[1]}]}]})",
                             R"({"events":[[]],"faults":[{}]})"}) {
        const auto answer = json::parse(text);
        EXPECT_FALSE(flows_text(answer, "", {}).empty()) << text;
        EXPECT_FALSE(run_text(answer, {}).empty()) << text;
    }
}

}  // namespace
}  // namespace outrider::tools::test
