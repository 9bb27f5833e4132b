#include "sidecar/discovery/member_file.hpp"

#include <gtest/gtest.h>

#include "sidecar/config/endpoint.hpp"

namespace outrider::discovery {
namespace {

std::string read(std::string_view text) {
    member_list list;
    if (auto wrong = parse_member_file(text, "stock.yaml", list); !wrong.empty()) return wrong;
    std::string out;
    for (const auto& each : list) out += (out.empty() ? "" : " ") + config::to_text(each);
    return out;
}

TEST(MemberFile, IsAListInYamlOrJson) {
    EXPECT_EQ(read("- 10.0.0.1:8080\n- https://stock-2\n# one more\n- \"[fd00::1]:80\"\n"),
              "10.0.0.1:8080 https://stock-2:443 [fd00::1]:80");
    EXPECT_EQ(read(R"(["10.0.0.1:8080", "http://stock-2:81"])"), "10.0.0.1:8080 stock-2:81");
    EXPECT_EQ(read("[]"), "");
}

TEST(MemberFile, WhatIsWrongHasItsPlace) {
    EXPECT_EQ(read("- a:80\n- b:x\n"), "stock.yaml:2:3: 'x' is not a port; a port is a number from 1 to 65535");
    EXPECT_EQ(read("- a:80\n- [b]\n"), "stock.yaml:2:3: not a member; write a list of host:port or https://host");
    EXPECT_EQ(read("stock: [a]\n"),
              "stock.yaml:1:1: not a list; write a list of host:port or https://host, each behind '- '");
    EXPECT_EQ(read(""), "stock.yaml: there is nothing in it; for a list without members write []");
    EXPECT_TRUE(read("- a:80\n- 'b:80\n").starts_with("stock.yaml:2:")) << read("- a:80\n- 'b:80\n");
    EXPECT_EQ(read("- ftp://a\n"), "stock.yaml:1:3: scheme 'ftp' is not spoken; write http:// or https://");
}

TEST(MemberFile, CutOffAnywhereIsAListOrAnError) {
    const std::string whole = "- 10.0.0.1:8080\n- https://stock-2\n- \"[fd00::1]:80\"\n";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        member_list list;
        (void)parse_member_file(whole.substr(0, size), "stock.yaml", list);
        EXPECT_LE(list.size(), 3U);
    }
}

TEST(MemberFile, ThatIsNotThereSaysSo) {
    member_list list;
    EXPECT_EQ(read_member_file("/nowhere/stock.yaml", list),
              "can't read '/nowhere/stock.yaml': No such file or directory");
}

}  // namespace
}  // namespace outrider::discovery
