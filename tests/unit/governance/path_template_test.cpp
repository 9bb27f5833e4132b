#include "governance/path_template.hpp"

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

std::string normal(std::string_view path) {
    std::string scratch;
    return std::string{normal_path(path, scratch)};
}

TEST(NormalPath, LeavesAnOrdinaryPathWhereItIs) {
    std::string scratch;
    std::string_view path = "/orders/4711/items";
    EXPECT_EQ(normal_path(path, scratch).data(), path.data());
}

TEST(NormalPath, SeesThroughEveryDisguiseOfAPath) {
    EXPECT_EQ(normal("/%61dmin"), "/admin");
    EXPECT_EQ(normal("//admin"), "/admin");
    EXPECT_EQ(normal("/./admin"), "/admin");
    EXPECT_EQ(normal("/x/../admin"), "/admin");
    EXPECT_EQ(normal("/x/%2e%2e/admin"), "/admin");
    EXPECT_EQ(normal("/%2E/admin/"), "/admin/");
    EXPECT_EQ(normal("/../../admin"), "/admin");
    EXPECT_EQ(normal("/a/b/../.."), "/");
    EXPECT_EQ(normal("/a//b"), "/a/b");
}

TEST(NormalPath, KeepsAnEncodedSlashWithinItsSegment) {
    EXPECT_EQ(normal("/a%2fb"), "/a%2fb");
    EXPECT_EQ(normal("/a%2Fb/%63"), "/a%2Fb/c");
}

TEST(NormalPath, TakesBrokenEscapesAsTheyStand) {
    EXPECT_EQ(normal("/%"), "/%");
    EXPECT_EQ(normal("/%4"), "/%4");
    EXPECT_EQ(normal("/%zz"), "/%zz");
    EXPECT_EQ(normal("*"), "/*");
}

TEST(NormalPath, IsTheSameDoneTwiceUnlessAnEscapeHidAnother) {
    for (const char* path : {"/a/./b/../c", "//x//y/", "/%41/%42", "/..", "/.", "/a/..", "/...", "/.a/b."})
        EXPECT_EQ(normal(normal(path)), normal(path)) << path;
}

TEST(PathTemplate, KnowsLiteralsParametersAndTheRest) {
    auto read = path_template::parse("/orders/{id}/{rest...}");
    ASSERT_EQ(read.segments.size(), 3U);
    EXPECT_EQ(read.segments[0].text, "orders");
    EXPECT_EQ(read.segments[1].is, path_template::segment::kind::parameter);
    EXPECT_EQ(read.segments[1].text, "id");
    EXPECT_EQ(read.segments[2].is, path_template::segment::kind::rest);
    EXPECT_EQ(read.segments[2].text, "rest");
}

TEST(PathTemplate, IsComparedWithoutItsEscapesAsPathsAre) {
    const auto read = [](std::string_view text, std::string_view path) {
        return path_template::parse(text).read(normal(path), [](auto, auto) {});
    };
    for (const char* path : {"/caf%c3%a9/a%20b/7", "/caf\xc3\xa9/a%20%62/7"})
        EXPECT_TRUE(read("/caf%C3%A9/a%20b/{id}", path)) << path;
    EXPECT_TRUE(read("/%61dmin", "/admin"));
    EXPECT_TRUE(read("/%7Bid%7D", "/%7bid%7d")) << "what is escaped is no parameter";
    EXPECT_FALSE(read("/%7Bid%7D", "/7"));
    EXPECT_TRUE(read("/a%2fb", "/a%2fb")) << "an encoded slash is part of its segment";
}

TEST(PathTemplate, SaysWhatIsWrongWithOne) {
    EXPECT_EQ(check_path_template("/orders/{id}"), "");
    EXPECT_EQ(check_path_template("/"), "");
    EXPECT_EQ(check_path_template("orders"), "begins with '/'");
    EXPECT_NE(check_path_template("/a//b"), "");
    EXPECT_NE(check_path_template("/a%20b"), "");
    EXPECT_NE(check_path_template("/a/*"), "");
    EXPECT_NE(check_path_template("/a-{id}"), "");
    EXPECT_NE(check_path_template("/{a b}"), "");
    EXPECT_NE(check_path_template("/{id}/{id}"), "");
    EXPECT_NE(check_path_template("/{rest...}/x"), "");
}

}  // namespace
}  // namespace outrider::governance
