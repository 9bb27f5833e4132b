#include "sidecar/http/fields.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::http {
namespace {

TEST(FieldName, IsKnownWhateverItsCase) {
    EXPECT_EQ(identify("Host"), field_id::host);
    EXPECT_EQ(identify("HOST"), field_id::host);
    EXPECT_EQ(identify("transfer-Encoding"), field_id::transfer_encoding);
    EXPECT_EQ(identify("X-B3-ParentSpanId"), field_id::x_b3_parent_span_id);
    EXPECT_EQ(identify("uber-trace-id"), field_id::uber_trace_id);
    EXPECT_EQ(identify("b3"), field_id::b3);
    EXPECT_EQ(identify("te"), field_id::te);
}

TEST(FieldName, IsKnownOnlyAsAWhole) {
    for (auto name : {"", "h", "hosts", "hos", "xhost", "transfer-encodings", "transfer_encoding", "content-lengtH ",
                      "x-forwarded-proto-and-much-more"})
        EXPECT_EQ(identify(name), field_id::other) << name;
    // As long as a known one, with the letters by which those are found.
    for (auto name : {"hxst", "dxte", "tracexarent", "cxntent-length", "txansfer-encoding", "x-b3-traceix"})
        EXPECT_EQ(identify(name), field_id::other) << name;
    // '@' and '`', '[' and '{' differ in the bit that tells the cases of letters apart.
    EXPECT_FALSE(same_name("a@", "a`"));
    EXPECT_FALSE(same_name("[", "{"));
}

TEST(Token, IsMadeOfTchars) {
    const std::string others = "!#$%&'*+-.^_`|~";
    for (int c = 0; c < 256; ++c) {
        bool expected = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c > 0 && others.find(static_cast<char>(c)) != std::string::npos);
        EXPECT_EQ(is_token_char(static_cast<char>(c)), expected) << c;
    }
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token("a b"));
    EXPECT_TRUE(is_token("a~b"));
}

TEST(List, YieldsItsNonEmptyMembers) {
    std::vector<std::string> seen;
    for_each_member(" , a ,\tb,, c d ,", [&](std::string_view member) { seen.emplace_back(member); });
    EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c d"}));
}

TEST(FieldLine, IsReadStrictly) {
    field f;
    ASSERT_TRUE(parse_field_line("Checksum: \t abc \t", f));
    EXPECT_EQ(f.name, "Checksum");
    EXPECT_EQ(f.value, "abc");
    for (auto line : {"", "Checksum", ": a", "Check sum: a", "Checksum : a", " Checksum: a", "A: b\rc", "A: b\nc",
                      "A: b\x01", "A: \x7f"})
        EXPECT_FALSE(parse_field_line(line, f)) << line;
    using namespace std::string_view_literals;
    EXPECT_FALSE(parse_field_line("A: b\0c"sv, f));
}

}  // namespace
}  // namespace outrider::http
