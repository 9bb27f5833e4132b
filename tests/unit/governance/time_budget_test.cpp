#include "governance/time_budget.hpp"

#include <random>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

TEST(TimeBudget, ReadsMilliseconds) {
    EXPECT_EQ(parse_timeout_ms("0"), 0ms);
    EXPECT_EQ(parse_timeout_ms("250"), 250ms);
    EXPECT_EQ(parse_timeout_ms("007"), 7ms);
    EXPECT_EQ(parse_timeout_ms("3600000"), 1h);
    EXPECT_EQ(parse_timeout_ms("3600001"), 1h);
    EXPECT_EQ(parse_timeout_ms("99999999"), 1h);
}

TEST(TimeBudget, ReadsEveryUnitOfGrpc) {
    EXPECT_EQ(parse_grpc_timeout("1H"), 1h);
    EXPECT_EQ(parse_grpc_timeout("2H"), 1h);
    EXPECT_EQ(parse_grpc_timeout("3M"), 3min);
    EXPECT_EQ(parse_grpc_timeout("61M"), 1h);
    EXPECT_EQ(parse_grpc_timeout("10S"), 10s);
    EXPECT_EQ(parse_grpc_timeout("250m"), 250ms);
    EXPECT_EQ(parse_grpc_timeout("5000u"), 5ms);
    EXPECT_EQ(parse_grpc_timeout("7000000n"), 7ms);
    EXPECT_EQ(parse_grpc_timeout("0m"), 0ms);
    for (auto longest : {"99999999H", "99999999M", "99999999S", "99999999m"})
        EXPECT_EQ(parse_grpc_timeout(longest), 1h) << longest;
    EXPECT_EQ(parse_grpc_timeout("99999999u"), 100s);
}

TEST(TimeBudget, TakesAPartOfAMillisecondForAWholeOne) {
    EXPECT_EQ(parse_grpc_timeout("1n"), 1ms);
    EXPECT_EQ(parse_grpc_timeout("1001u"), 2ms);
}

TEST(TimeBudget, ReadsNothingFromWhatIsNeither) {
    for (auto hostile : {"", " ", "+1", "-1", " 1", "1 ", "1\t", "1.5", "1e3", "0x10", "123456789", "000000001",
                         "18446744073709551617", "1,2", "\xd9\xa1", "1s"}) {
        EXPECT_FALSE(parse_timeout_ms(hostile)) << '"' << hostile << '"';
        EXPECT_FALSE(parse_grpc_timeout(hostile)) << '"' << hostile << '"';
        for (char unit : std::string_view("HMSmun"))
            if (*hostile) {
                EXPECT_FALSE(parse_grpc_timeout(std::string(hostile) + unit)) << '"' << hostile << unit << '"';
            }
    }
    EXPECT_FALSE(parse_timeout_ms(std::string_view("1\0", 2)));
    for (auto hostile : {"m", "1", "1h", "1s", "1 m", "mm", "1mm", "123456789m", "-1m", "+1m", "1m ", "m1"})
        EXPECT_FALSE(parse_grpc_timeout(hostile)) << '"' << hostile << '"';
}

TEST(TimeBudget, NeverPromisesMoreThanIsLeft) {
    EXPECT_EQ(timeout_ms_text(-5ms), "0");
    EXPECT_EQ(timeout_ms_text(nanoseconds::min()), "0");
    EXPECT_EQ(timeout_ms_text(999us), "0");
    EXPECT_EQ(timeout_ms_text(1999us), "1");
    EXPECT_EQ(timeout_ms_text(nanoseconds::max()), "3600000");
    EXPECT_EQ(grpc_timeout_text(-5ms), "0n");
    EXPECT_EQ(grpc_timeout_text(nanoseconds::min()), "0n");
    EXPECT_EQ(grpc_timeout_text(999ns), "999n");
    EXPECT_EQ(grpc_timeout_text(999'999ns), "999u");
    EXPECT_EQ(grpc_timeout_text(1999us), "1m");
    EXPECT_EQ(grpc_timeout_text(nanoseconds::max()), "3600000m");
}

TEST(TimeBudget, ReadsWhatItWrites) {
    std::mt19937 random(7);
    for (int i = 0; i < 100'000; ++i) {
        const milliseconds left(random() % (3'600'000u >> random() % 22));
        ASSERT_EQ(parse_timeout_ms(timeout_ms_text(left)), left);
        ASSERT_EQ(parse_grpc_timeout(grpc_timeout_text(left)), left);
    }
    EXPECT_EQ(parse_timeout_ms(timeout_ms_text(1h)), 1h);
    EXPECT_EQ(parse_grpc_timeout(grpc_timeout_text(1h)), 1h);
}

}  // namespace
}  // namespace outrider::governance
