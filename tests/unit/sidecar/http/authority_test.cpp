#include "sidecar/http/authority.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/every_prefix.hpp"

namespace outrider::http {
namespace {

TEST(Authority, SplitsHostAndPort) {
    auto a = parse_authority("stock.example:8081");
    ASSERT_TRUE(a);
    EXPECT_EQ(a->host, "stock.example");
    EXPECT_EQ(a->port, 8081);
    EXPECT_FALSE(a->ipv6);
    EXPECT_EQ(a->text, "stock.example:8081");
}

TEST(Authority, TakesTheBracketsOffAnIpv6Address) {
    auto a = parse_authority("[2001:db8::7]:443");
    ASSERT_TRUE(a);
    EXPECT_EQ(a->host, "2001:db8::7");
    EXPECT_TRUE(a->ipv6);
    EXPECT_EQ(a->port, 443);
    EXPECT_FALSE(parse_authority("[::1]")->port);
}

TEST(Authority, MayBeEmptyAndMayHaveAnEmptyPort) {
    EXPECT_EQ(parse_authority("")->host, "");
    auto a = parse_authority("stock:");
    ASSERT_TRUE(a);
    EXPECT_EQ(a->host, "stock");
    EXPECT_FALSE(a->port);
}

TEST(Authority, TakesWhatRfc3986CallsARegisteredName) {
    for (auto text : {"a", "A-b_c.d~e", "127.0.0.1", "%41%62", "a!$&'()*+;=b", "xn--caf-dma.example", "a.", "0"})
        EXPECT_TRUE(parse_authority(text)) << text;
}

TEST(Authority, RefusesEverythingElse) {
    for (auto text : {"a b",          "a,b",          "a/b",       "user@host",
                      "user:pw@host", "a?b",          "a#b",       "a\\b",
                      "caf\xc3\xa9",  "%4",           "%",         "%zz",
                      "a%4",          "a:b",          "a:80:90",   "a:65536",
                      "a:-1",         "a:+1",         "a: 1",      "a:1 ",
                      "a:0x50",       "::1",          "[::1",      "[::1]x",
                      "[::1]:x",      "[]",           "[1.2.3.4]", "[::1%25lo]",
                      "[v1.x]",       "[fe80::1%lo]", "a\tb",      "<a>",
                      "[::1]:65536",  "a|b",          "\"a\"",     "a:99999999999999999999"})
        EXPECT_FALSE(parse_authority(text)) << text;
}

TEST(Authority, NeverReadsPastItsEnd) {
    for (auto text : {"host.example:8080", "[2001:db8::7]:443", "%41%42%43"})
        for_every_prefix(text, [](std::string_view prefix) { parse_authority(prefix); });
    std::string endless = "[" + std::string(500, ':') + "]";
    EXPECT_FALSE(parse_authority(endless));
}

TEST(Authority, TakesTheWholeRangeOfPorts) {
    for (unsigned port = 0; port < 65536; port += 13)
        EXPECT_EQ(parse_authority("a:" + std::to_string(port))->port, port);
    EXPECT_EQ(parse_authority("a:65535")->port, 65535);
    EXPECT_EQ(parse_authority("a:00080")->port, 80);
}

}  // namespace
}  // namespace outrider::http
