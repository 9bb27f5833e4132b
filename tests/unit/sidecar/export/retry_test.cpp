#include "sidecar/export/retry.hpp"

#include <gtest/gtest.h>

namespace outrider::exporting {
namespace {

using namespace std::chrono_literals;

TEST(RetryAfter, ReadsSecondsAndEveryFormOfDate) {
    const auto now = std::chrono::system_clock::from_time_t(784111757);  // Sun, 06 Nov 1994 08:49:17 GMT
    EXPECT_EQ(parse_retry_after("120", now), 120s);
    EXPECT_EQ(parse_retry_after(" 0 ", now), 0s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 20s);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), 20s);
    EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), 20s);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), 0s) << "the past";
}

TEST(RetryAfter, IsBounded) {
    const auto now = std::chrono::system_clock::from_time_t(784111757);
    EXPECT_EQ(parse_retry_after("601", now), 600s);
    EXPECT_EQ(parse_retry_after("99999999999999999999999999", now), 600s);
    EXPECT_EQ(parse_retry_after("Mon, 06 Nov 2034 08:49:37 GMT", now), 600s);
}

TEST(RetryAfter, IgnoresNonsense) {
    const auto now = std::chrono::system_clock::now();
    for (const auto* text :
         {"", " ", "-1", "1.5", "soon", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 GMT+1", "12 s"})
        EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
}

TEST(Backoff, DoublesWithJitterUpToItsBoundAndStartsAnew) {
    backoff b(100ms, 1000ms, 1);
    for (const auto step : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        const auto delay = b.next();
        EXPECT_GE(delay, step / 2);
        EXPECT_LE(delay, step);
    }
    b.reset();
    EXPECT_LE(b.next(), 100ms);
}

TEST(RetryableStatus, AreExactlyTheFour) {
    for (unsigned status = 100; status < 600; ++status)
        EXPECT_EQ(retryable_status(status), status == 429 || status == 502 || status == 503 || status == 504) << status;
}

}  // namespace
}  // namespace outrider::exporting
