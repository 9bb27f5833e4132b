#include "sidecar/net/inflate.hpp"

#include <gtest/gtest.h>

#include "tests/support/gzipped.hpp"

namespace outrider::net {
namespace {

using outrider::test::gzipped;

TEST(Inflate, UnpacksGzipAndZlib) {
    for (const std::string& text : {std::string{}, std::string{"hello"}, std::string(1'000'000, 'x')}) {
        EXPECT_EQ(*inflate(gzipped(text), 1'000'000), text);
        EXPECT_EQ(*inflate(gzipped(text, MAX_WBITS), 1'000'000), text);
    }
}

TEST(Inflate, JoinsSeveralMembers) { EXPECT_EQ(*inflate(gzipped("ab") + gzipped("cd"), 4), "abcd"); }

TEST(Inflate, StopsAtTheLimitHoweverMuchIsInside) {
    const auto bomb = gzipped(std::string(50'000'000, '\0'));
    EXPECT_LT(bomb.size(), 100'000u);
    EXPECT_EQ(inflate(bomb, 1'000'000).error(), inflate_error::too_large);
    EXPECT_EQ(inflate(gzipped("12345"), 4).error(), inflate_error::too_large);
    EXPECT_EQ(inflate(gzipped("ab") + gzipped("cd"), 3).error(), inflate_error::too_large);
    EXPECT_EQ(*inflate(gzipped("12345"), 5), "12345");
}

TEST(Inflate, RefusesEveryTruncation) {
    const auto whole = gzipped("some text that is long enough to be packed, packed, packed");
    for (std::size_t n = 0; n < whole.size(); ++n)
        EXPECT_EQ(inflate(whole.substr(0, n), 1000).error(), inflate_error::damaged) << n;
}

TEST(Inflate, RefusesWhatIsNotPackedOrDamaged) {
    EXPECT_EQ(inflate("hello", 1000).error(), inflate_error::damaged);
    EXPECT_EQ(inflate(gzipped("hello") + "x", 1000).error(), inflate_error::damaged);
    auto wrong_checksum = gzipped("hello");
    wrong_checksum[wrong_checksum.size() - 8] ^= 1;
    EXPECT_EQ(inflate(wrong_checksum, 1000).error(), inflate_error::damaged);
}

}  // namespace
}  // namespace outrider::net
