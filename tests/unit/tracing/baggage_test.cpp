#include "tracing/baggage.hpp"

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

TEST(Baggage, WithinTheLimitsIsUntouched) {
    EXPECT_EQ(baggage_within_limits(""), "");
    EXPECT_EQ(baggage_within_limits(" a=1;p , b=2,"), " a=1;p , b=2,");
    std::string exact = "a=" + std::string(8190, 'v');
    EXPECT_EQ(baggage_within_limits(exact), exact);
}

TEST(Baggage, IsCutToWholeMembers) {
    std::string many;
    for (int i = 0; i < 70; ++i) many += (i == 0 ? "k" : ",k") + std::to_string(i) + "=v";
    auto cut = baggage_within_limits(many);
    EXPECT_EQ(cut.substr(cut.rfind(',') + 1), "k63=v");
    std::string large = "a=1,b=" + std::string(9000, 'v') + ",c=2";
    EXPECT_EQ(baggage_within_limits(large), "a=1");
    EXPECT_EQ(baggage_within_limits(std::string(9000, 'v')), "");
    std::string trailing = "a=" + std::string(8190, 'v') + ",";
    EXPECT_EQ(baggage_within_limits(trailing), std::string_view{trailing}.substr(0, 8192));
}

}  // namespace
}  // namespace outrider::tracing
