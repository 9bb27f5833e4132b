#include "sidecar/collector/flow_watch.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sidecar/collector/trace_store.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/tracing/flows/flow_spans.hpp"

namespace outrider::collector {
namespace {

using flows::test::second;
using flows::test::sent;
using flows::test::zero;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string flow_named(const std::string& name, const std::string& by = "by: order, ") {
    return "flows: [{name: " + name + ", " + by + "events: {a: {produce: a}, b: {produce: b}}, " +
           "expect: a -> b within 5s}]\n";
}

/// A file of flows that is watched.
class FlowWatch : public testing::Test {
  protected:
    explicit FlowWatch(const std::string& text = flow_named("orders")) : file(folder.write("flows.yaml", text)) {}

    std::vector<flows::flow> loaded() const {
        return std::get<config::loaded_flows>(config::load_flows({{file}, {}})).value;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> out;
        const auto page = json::parse(watch.page());
        for (const auto& each : page.at("flows")) out.push_back(each.at("name"));
        return out;
    }
    void observe(const tracing::span_data& one, flows::unix_ns arrived) {
        std::vector<tracing::attribute_view> attributes;
        const auto view = view_of(one, attributes);
        watch.observe({&view, 1}, arrived);
    }

    outrider::test::temporary_folder folder;
    std::string file;
    trace_store store{store_limits{}};
    flow_watch watch{{{file}, {}}, loaded(), 1 << 20, store, zero};
};

TEST_F(FlowWatch, TakesOverAFileThatChanged) {
    const auto version = watch.version();
    watch.look(zero);
    EXPECT_EQ(watch.version(), version) << "nothing has changed";
    folder.write("flows.yaml", flow_named("payments"));
    watch.look(zero);
    EXPECT_THAT(names(), ElementsAre("payments"));
    EXPECT_NE(watch.version(), version);
}

TEST_F(FlowWatch, KeepsTheFlowsInForceWhereTheFileHasErrorsAndTriesAgainWhenItChanges) {
    folder.write("flows.yaml", "flows: [{name: x, expct: a}]\n");
    watch.look(zero);
    EXPECT_THAT(names(), ElementsAre("orders"));
    EXPECT_THAT(watch.metrics(), HasSubstr("\noutrider_flow_reload_failed 1\n"));
    folder.write("flows.yaml", flow_named("right-again"));
    watch.look(zero);
    EXPECT_THAT(names(), ElementsAre("right-again"));
    EXPECT_THAT(watch.metrics(), HasSubstr("\noutrider_flow_reload_failed 0\n"));
}

TEST_F(FlowWatch, KeepsTheRunsOfAFlowThatIsReadAgainAsItWas) {
    observe(sent("a", "7", zero), zero);
    watch.reload("SIGHUP", zero + second);
    EXPECT_TRUE(watch.run_page("orders", "7", zero + second));
    folder.write("flows.yaml", flow_named("payments"));
    watch.look(zero + second);
    EXPECT_FALSE(watch.run_page("orders", "7", zero + second));
}

TEST_F(FlowWatch, TellsWhatIsStuckOnceItsTimeIsOver) {
    watch.advance(zero);
    observe(sent("a", "7", zero), zero);
    const auto state = [&](flows::unix_ns now) {
        return json::parse(watch.run_page("orders", "7", now).value()).at("state").get<std::string>();
    };
    EXPECT_EQ(state(zero), "waiting");
    for (auto now = zero; now < zero + 60 * second; now += second / 10) watch.advance(now);
    EXPECT_EQ(state(zero + 60 * second), "stuck");
    EXPECT_THAT(watch.metrics(), HasSubstr("\noutrider_flow_events_total 1\n"));
    EXPECT_THAT(watch.metrics(), HasSubstr("\noutrider_flow_runs_held 1\n"));
}

TEST_F(FlowWatch, AsksForNamesOfChainsOnlyWhereAFlowGoesByThem) {
    EXPECT_FALSE(watch.wants_names());
    folder.write("flows.yaml", flow_named("by-chain", ""));
    watch.look(zero);
    EXPECT_TRUE(watch.wants_names());
}

}  // namespace
}  // namespace outrider::collector
