#include "sidecar/net/url.hpp"

#include <gtest/gtest.h>

namespace outrider::net {
namespace {

TEST(Url, SplitsEveryPart) {
    EXPECT_EQ(*parse_url("http://jaeger:4318/v1/traces?x=1#here"), (url{false, "jaeger", 4318, "/v1/traces?x=1"}));
    EXPECT_EQ(*parse_url("HTTPS://Collector.example"), (url{true, "Collector.example", 443, "/"}));
    EXPECT_EQ(*parse_url("http://[::1]:4318/a"), (url{false, "::1", 4318, "/a"}));
    EXPECT_EQ(*parse_url("https://[fe80::1]"), (url{true, "fe80::1", 443, "/"}));
    EXPECT_EQ(*parse_url("http://a?q"), (url{false, "a", 80, "/?q"}));
    EXPECT_EQ(*parse_url("http://a:"), (url{false, "a", 80, "/"}));
}

TEST(Url, WritesTheAuthorityAsAHostFieldCarriesIt) {
    EXPECT_EQ(parse_url("http://a:80/x")->authority(), "a");
    EXPECT_EQ(parse_url("https://a:80/x")->authority(), "a:80");
    EXPECT_EQ(parse_url("http://[::1]:81")->authority(), "[::1]:81");
    EXPECT_EQ(parse_url("https://a:444/x?y")->text(), "https://a:444/x?y");
}

TEST(Url, SaysWhatIsWrong) {
    const std::pair<const char*, url_error> bad[] = {
        {"", url_error::scheme},
        {"jaeger:4318", url_error::scheme},
        {"grpc://a", url_error::scheme},
        {"http:/a", url_error::scheme},
        {"http://", url_error::host},
        {"http:///x", url_error::host},
        {"http://a b", url_error::character},
        {"http://a/\r\nX: y", url_error::character},
        {"http://u:p@a", url_error::user_info},
        {"http://a:0", url_error::port},
        {"http://a:65536", url_error::port},
        {"http://a:x", url_error::port},
        {"http://a:1x", url_error::port},
        {"http://[::1", url_error::host},
        {"http://[a]", url_error::host},
        {"http://[::1]x", url_error::host},
        {"http://a\\b", url_error::host},
        {"http://[]", url_error::host},
    };
    for (const auto& [text, error] : bad) {
        const auto parsed = parse_url(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(parsed.error(), error) << text;
        EXPECT_NE(describe(parsed.error()), nullptr);
    }
}

}  // namespace
}  // namespace outrider::net
