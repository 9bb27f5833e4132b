#include "sidecar/http/retry_after.hpp"

#include <gtest/gtest.h>

namespace outrider::http {
namespace {

using namespace std::chrono_literals;

/// Sun, 06 Nov 1994 08:49:37 GMT
const std::chrono::system_clock::time_point then{std::chrono::seconds{784'111'777}};

TEST(RetryAfter, CountsSeconds) {
    EXPECT_EQ(parse_retry_after("0", then), 0s);
    EXPECT_EQ(parse_retry_after("1", then), 1s);
    EXPECT_EQ(parse_retry_after("00120", then), 120s);
}

TEST(RetryAfter, IsADayAtMost) {
    EXPECT_EQ(parse_retry_after("86401", then), 24h);
    EXPECT_EQ(parse_retry_after("99999999999999999999999999", then), 24h);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 2094 08:49:37 GMT", then), 24h);
}

TEST(RetryAfter, CountsToADate) {
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", then), 0s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", then), 30s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", then + 1ms), 30s) << "never sooner than asked";
    EXPECT_EQ(parse_retry_after("Mon, 07 Nov 1994 08:49:37 GMT", then), 24h);
}

TEST(RetryAfter, InThePastIsNow) { EXPECT_EQ(parse_retry_after("Sat, 05 Nov 1994 08:49:37 GMT", then), 0s); }

TEST(RetryAfter, SaysNothingWhenItIsNeither) {
    for (auto text :
         {"", " ", "-1", "+1", "1.5", "soon", "1 s", "Sun, 06 Nov 1994 08:49:37", "Sun, 32 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
          "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 6 Nov 1994 08:49:37 GMTx", "Sun, 30 Feb 1994 08:49:37 GMT",
          "Sun, 06 Nov 19x4 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
        EXPECT_EQ(parse_retry_after(text, then), std::nullopt) << text;
}

}  // namespace
}  // namespace outrider::http
