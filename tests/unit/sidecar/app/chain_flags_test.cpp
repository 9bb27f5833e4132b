#include "sidecar/app/chain_flags.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/app/parsed.hpp"

namespace outrider::app::test {
namespace {

TEST(ChainFlags, ReadsTheOptionsOfChain) {
    const auto options =
        must_be<tools::chain_options>({"chain", "4bf92f3577b34da6a3ce929d0e0e4736", "--from", "http://j:16686",
                                       "--format", "json", "--width", "80", "--ascii", "--wait", "5s"});
    EXPECT_EQ(options.wish.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(options.from, "http://j:16686");
    EXPECT_EQ(options.view, tools::chain_view::json) << "by the flag's former name";
    EXPECT_EQ(options.output.width, 80U);
    EXPECT_TRUE(options.output.ascii);
    EXPECT_EQ(options.wait, std::chrono::seconds{5});
    EXPECT_EQ(must_be<tools::chain_options>({"chain", "--service", "frontend"}).wish.service, "frontend");
}

TEST(ChainFlags, ReadsHowAChainIsFoundAndDrawn) {
    auto options = must_be<tools::chain_options>({"chain", "--key", "order=47=11", "--as", "flow", "--draw", "svg"});
    EXPECT_EQ(options.wish.key, (std::pair<std::string, std::string>{"order", "47=11"}));
    EXPECT_EQ(options.view, tools::chain_view::flow);
    EXPECT_EQ(options.draw, tools::drawing_form::svg);
    options = must_be<tools::chain_options>({"chain", "--file", "a.json", "b.gz", "--file", "-", "--output", "x.svg"});
    EXPECT_EQ(options.files, (strings{"a.json", "b.gz", "-"}));
    EXPECT_EQ(options.view, tools::chain_view::sequence);
    EXPECT_EQ(options.draw, tools::drawing_form::svg) << "as the file's name says";
    options = must_be<tools::chain_options>({"chain", "--file", "a.json", "4bf92f3577b34da6a3ce929d0e0e4736"});
    EXPECT_EQ(options.files, strings{"a.json"});
    EXPECT_EQ(options.wish.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(ChainFlags, ReadsTheOptionsOfTopology) {
    auto options = must_be<tools::topology_options>({"topology"});
    EXPECT_EQ(options.since, std::chrono::minutes{15});
    EXPECT_EQ(options.form, tools::topology_form::text);
    options = must_be<tools::topology_options>({"topology", "--since", "1h", "--as", "mermaid", "--from", "http://j"});
    EXPECT_EQ(options.since, std::chrono::hours{1});
    EXPECT_EQ(options.form, tools::topology_form::mermaid);
    EXPECT_EQ(options.from, "http://j");
    EXPECT_EQ(must_be<tools::topology_options>({"topology", "--output", "a.svg"}).form, tools::topology_form::svg);
    EXPECT_NE(refusal({"topology", "--as", "tree"}).find("none of text, json, mermaid and svg"), std::string::npos);
    EXPECT_NE(refusal({"topology", "--since", "0s"}).find("--since"), std::string::npos);
}

}  // namespace
}  // namespace outrider::app::test
