// What chains look like, in files: tests/data/chains/NAME.json are spans, NAME.tree.txt and so on what is drawn of
// them. OUTRIDER_UPDATE_GOLDEN=1 writes them anew.

#include <gtest/gtest.h>

#include "tests/support/test_files.hpp"
#include "tracing/chains/chain_analysis.hpp"
#include "tracing/chains/chain_sequence.hpp"
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/otlp.hpp"

namespace outrider::tracing {
namespace {

const std::string folder = OUTRIDER_TEST_DATA "/chains/";

void expect_golden(const std::string& name, const std::string& drawn) { test::expect_golden(folder + name, drawn); }

/// One chain of the folder.
class Golden : public testing::TestWithParam<const char*> {
  protected:
    std::vector<span_data> spans =
        decode_otlp_json(test::file_text(folder + std::string{GetParam()} + ".json")).value().spans;
    std::vector<chain> chains = build_chains(spans);
    std::string name = GetParam();
};

TEST_P(Golden, Tree) {
    expect_golden(name + ".tree.txt", chain_text(chains, {120, false}));
    expect_golden(name + ".tree.ascii.txt", chain_text(chains, {80, true}));
}

TEST(ChainText, TellsWhatWasInferredAlsoWhereThereIsLittleRoom) {
    const auto spans = decode_otlp_json(test::file_text(folder + "inferred.json")).value().spans;
    const auto drawn = chain_text(build_chains(spans), {60, true});
    for (auto share : {"~0.93", "~0.97", "~0.95", "~1.00", "~0.61"})
        EXPECT_NE(drawn.find(share), std::string::npos) << share << drawn;
}

TEST_P(Golden, Json) { expect_golden(name + ".chain.json", chain_json(chains) + "\n"); }

TEST_P(Golden, Sequence) {
    const auto drawn = sequence_of(chains.at(0), analyze(chains.at(0)));
    expect_golden(name + ".sequence.mmd", sequence_mermaid(drawn));
    expect_golden(name + ".sequence.svg", sequence_svg(drawn));
}

TEST_P(Golden, Flow) {
    const auto drawn = flow_of(chains.at(0), analyze(chains.at(0)));
    expect_golden(name + ".flow.mmd", graph_mermaid(drawn));
    expect_golden(name + ".flow.svg", graph_svg(drawn));
}

TEST_P(Golden, Topology) {
    topology all;
    all.add(spans);
    const auto drawn = graph_of(all.view(60));
    expect_golden(name + ".topology.mmd", graph_mermaid(drawn));
    expect_golden(name + ".topology.svg", graph_svg(drawn));
}

INSTANTIATE_TEST_SUITE_P(Chains, Golden,
                         testing::Values("http", "events", "derived", "troubled", "inferred", "gaps", "stuck", "knots",
                                         "hostile"),
                         [](const auto& of) { return of.param; });

}  // namespace
}  // namespace outrider::tracing
