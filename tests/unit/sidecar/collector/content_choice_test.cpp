#include "sidecar/collector/content_choice.hpp"

#include <gtest/gtest.h>

namespace outrider::collector {
namespace {

TEST(ContentChoice, FindsAnItemThatIsNamed) {
    for (const auto* field : {"text/html", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
                              "image/png, TEXT/HTML ; q=0.1", "text/html;level=1", "text/html;q=0, text/html;q=0.5"})
        EXPECT_TRUE(names_item(field, "text/html")) << field;
    for (const auto* field : {"", "*/*", "text/*", "text/html;q=0", "text/html; q=0.000", "text/htmlx", ",;,=,", "q=1"})
        EXPECT_FALSE(names_item(field, "text/html")) << field;
}

TEST(ContentChoice, PacksForWhoeverCanUnpack) {
    for (const auto* field : {"gzip", "deflate, gzip;q=1.0, *;q=0.5", "br,GZIP", "*", "*;q=0.1"})
        EXPECT_TRUE(accepts_gzip(field)) << field;
    for (const auto* field : {"", "identity", "gzip;q=0", "gzip;q=0, *", "*;q=0", "gzipped", "br"})
        EXPECT_FALSE(accepts_gzip(field)) << field;
}

TEST(ContentChoice, ComparesEtagsWeakly) {
    for (const auto* field : {R"("a")", R"(W/"a")", R"("b", W/"a")", "*"})
        EXPECT_TRUE(lists_etag(field, R"(W/"a")")) << field;
    for (const auto* field : {"", R"("b")", "a", R"(W/"ab")", "W/"})
        EXPECT_FALSE(lists_etag(field, R"(W/"a")")) << field;
}

}  // namespace
}  // namespace outrider::collector
