#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/http/head_parser.hpp"

namespace outrider::http {
namespace {

request_head parsed(std::string_view text, parse_state expected = parse_state::complete) {
    request_head head;
    EXPECT_EQ(parse_request_head(text, {32'768, 8'192, 100}, head).state, expected) << text;
    return head;
}

TEST(FieldList, KnowsWhatItHoldsAndWhere) {
    constexpr std::string_view text =
        "GET / HTTP/1.1\r\nx-other: 1\r\nHOST: a\r\nVia: 1.1 x\r\nx-other: 2\r\nvia: 1.1 y\r\n\r\n";
    auto head = parsed(text);
    ASSERT_TRUE(head.fields.find(field_id::host));
    EXPECT_EQ(head.fields.find(field_id::host)->value, "a");
    EXPECT_EQ(head.fields.find(field_id::via)->value, "1.1 x");
    EXPECT_FALSE(head.fields.find(field_id::date));
    EXPECT_FALSE(head.fields.find(field_id::b3));
    EXPECT_EQ(head.fields.among(set_of(field_id::host, field_id::date)), set_of(field_id::host));
    EXPECT_EQ(head.fields.repeated(set_of(field_id::host, field_id::via)), set_of(field_id::via));
}

TEST(FieldList, ShowsAllOfOneNameInOrder) {
    auto head = parsed("GET / HTTP/1.1\r\nVia: 1\r\nHost: a\r\nVIA: 2\r\nvia: 3\r\n\r\n");
    std::vector<std::string> seen;
    for (auto id : {field_id::via, field_id::host, field_id::date})
        head.fields.for_each(id, [&](const field& f) { seen.emplace_back(f.value); });
    EXPECT_EQ(seen, (std::vector<std::string>{"1", "2", "3", "a"}));
}

TEST(FieldList, ForgetsWhatItHeld) {
    auto head = parsed("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    head.fields.clear();
    EXPECT_FALSE(head.fields.find(field_id::host));
    EXPECT_FALSE(head.fields.repeated(set_of(field_id::host)));
}

TEST(FieldList, ValuesAreWithoutTheBlanksAroundThem) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"", ""},      {" ", ""},       {"  ", ""},        {"\t", ""},       {"a", "a"},
        {" a", "a"},   {"  a", "a"},    {"\ta", "a"},      {" \ta", "a"},    {" a ", "a"},
        {"a\t ", "a"}, {" a b", "a b"}, {" \xff", "\xff"}, {"\xfe", "\xfe"}, {" :", ":"},
    };
    for (const auto& [written, meant] : cases) {
        auto text = "GET / HTTP/1.1\r\nx: " + std::string{written} + "\r\ny:" + std::string{written} + "\r\n\r\n";
        auto head = parsed(text);
        ASSERT_EQ(head.fields.size(), 2U);
        for (const auto& f : head.fields) EXPECT_EQ(f.value, meant) << text;
        EXPECT_EQ(head.fields.begin()->line, text.substr(16, 5 + written.size()));
    }
}

}  // namespace
}  // namespace outrider::http
