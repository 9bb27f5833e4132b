#include "sidecar/config/units.hpp"

#include <gtest/gtest.h>

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/utf8.hpp"

namespace outrider::config::test {
namespace {

using std::chrono::milliseconds;

TEST(Duration, TakesEachUnit) {
    EXPECT_EQ(parse_duration("250ms"), milliseconds{250});
    EXPECT_EQ(parse_duration("3s"), milliseconds{3000});
    EXPECT_EQ(parse_duration("1.5m"), milliseconds{90'000});
    EXPECT_EQ(parse_duration("1h"), milliseconds{3'600'000});
    EXPECT_EQ(parse_duration("0"), milliseconds{0});
    EXPECT_EQ(parse_duration("0s"), milliseconds{0});
}

TEST(Duration, RefusesWhatIsNone) {
    for (const auto* text : {"", "s", "3", "-1s", "+1s", "1 s", "1S", ".5s", "5.s", "1.2.3s", "1e3s", "1s ",
                             "99999999999999999h", "1d", "0x1s"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Duration, IsWrittenInItsLargestWholeUnit) {
    for (const auto* text : {"0s", "1ms", "1500ms", "90s", "1m", "1h", "36h"}) {
        EXPECT_EQ(duration_text(*parse_duration(text)), text);
    }
}

TEST(Size, TakesEachUnit) {
    EXPECT_EQ(parse_size("1024"), 1024U);
    EXPECT_EQ(parse_size("64KiB"), 65'536U);
    EXPECT_EQ(parse_size("1.5MiB"), 1'572'864U);
    EXPECT_EQ(parse_size("2GiB"), 2ULL << 30);
    EXPECT_EQ(parse_size("5MB"), 5'000'000U);
    EXPECT_EQ(parse_size("18446744073709551615"), ~0ULL);
    for (const auto* text : {"", "KiB", "64K", "64kib", "-1", "1.5", "18446744073709551616", "9999999999999TiB"}) {
        EXPECT_FALSE(parse_size(text)) << text;
    }
}

TEST(Share, TakesNumbersAndPercentages) {
    EXPECT_DOUBLE_EQ(*parse_share("0.25"), 0.25);
    EXPECT_DOUBLE_EQ(*parse_share("25%"), 0.25);
    EXPECT_DOUBLE_EQ(*parse_share("100"), 100);
    for (const auto* text : {"", "%", "-1", "nan", "inf", "1e2", "0,5"}) EXPECT_FALSE(parse_share(text)) << text;
    EXPECT_EQ(share_text(1'000'000), "1000000");
    EXPECT_EQ(share_text(0.1), "0.1");
}

TEST(PercentEscapes, AreDecodedOrRefused) {
    EXPECT_EQ(percent_decode("a%20b%2c+d"), "a b,+d");
    EXPECT_EQ(percent_decode("a+b%2B", true), "a b+");
    EXPECT_EQ(percent_decode(""), "");
    for (const auto* text : {"%", "%2", "a%2", "a%zz", "%%41", "%-1"}) EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(Nearest, FindsWhatWasMeant) {
    EXPECT_EQ(nearest("upstrem", {"inbound", "upstreams"}), "upstreams");
    EXPECT_EQ(nearest("frist_byte", {"first_byte", "body"}), "first_byte");
    EXPECT_EQ(nearest("first-byte", {"first_byte"}), "first_byte");
    EXPECT_EQ(nearest("LISTEN", {"listen"}), "listen");
    EXPECT_EQ(nearest("xyzzy", {"listen", "app"}), "");
    EXPECT_EQ(nearest("", {"a"}), "");
    EXPECT_EQ(nearest(std::string(1000, 'x'), {"listen"}), "");
}

TEST(Utf8, StopsAtTheFirstBadByte) {
    EXPECT_EQ(clean_prefix("a\tb\r\n\xC3\xA9"), 7U);
    EXPECT_EQ(clean_prefix("ab\xFFz"), 2U);
    EXPECT_EQ(clean_prefix("\xC0\xAF"), 0U);          // overlong
    EXPECT_EQ(clean_prefix("\xED\xA0\x80"), 0U);      // surrogate
    EXPECT_EQ(clean_prefix("\xF4\x90\x80\x80"), 0U);  // beyond Unicode
    EXPECT_EQ(clean_prefix("a\xC3"), 1U);             // cut short
    EXPECT_EQ(clean_prefix(std::string_view{"a\0b", 3}), 1U);
    EXPECT_EQ(characters("\xC3\xA9t\xC3\xA9"), 3U);
}

}  // namespace
}  // namespace outrider::config::test
