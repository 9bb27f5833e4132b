#include "tracing/utf8.hpp"

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

#define FFFD "\xEF\xBF\xBD"

std::string clean(std::string_view text, std::size_t limit = std::string::npos) {
    std::string out = "<";
    append_utf8(out, text, limit);
    return out.substr(1);
}

TEST(Utf8, SeesAHighBitAtEveryPlace) {
    for (std::size_t size = 0; size < 40; ++size) {
        std::string text(size, 'a');
        EXPECT_TRUE(is_ascii(text)) << size;
        for (std::size_t at = 0; at < size; ++at) {
            auto changed = text;
            changed[at] = '\x80';
            EXPECT_FALSE(is_ascii(changed)) << size << " " << at;
        }
    }
}

TEST(Utf8, LeavesWellFormedTextAlone) {
    for (auto text : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                      "\xf4\x8f\xbf\xbf", "a\xc2\x80z"}) {
        EXPECT_EQ(clean(text), text);
    }
}

TEST(Utf8, ReplacesEachByteThatBelongsNowhere) {
    EXPECT_EQ(clean("a\x80z"), "a" FFFD "z");
    EXPECT_EQ(clean("\xc0\xaf"), FFFD FFFD) << "overlong";
    EXPECT_EQ(clean("\xe0\x80\x80"), FFFD FFFD FFFD) << "overlong";
    EXPECT_EQ(clean("\xed\xa0\x80"), FFFD FFFD FFFD) << "surrogate";
    EXPECT_EQ(clean("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD) << "beyond U+10FFFF";
    EXPECT_EQ(clean("\xff\xfe"), FFFD FFFD);
    EXPECT_EQ(clean("a\xe2\x82"), "a" FFFD FFFD) << "truncated";
    EXPECT_EQ(clean("\xc3("), FFFD "(");
}

TEST(Utf8, CutsBeforeAWholeCharacter) {
    EXPECT_EQ(clean("abcdef", 3), "abc");
    EXPECT_EQ(clean("ab\xe2\x82\xac"
                    "c",
                    4),
              "ab");
    EXPECT_EQ(clean("ab\xe2\x82\xac"
                    "c",
                    5),
              "ab\xe2\x82\xac");
    EXPECT_EQ(clean("\x80\x80", 4), FFFD);
}

}  // namespace
}  // namespace outrider::tracing
