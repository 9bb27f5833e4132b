// Windows of round trips that several threads count in. Apart from gradient_test.cpp, whose simulations have one
// thread.
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "governance/gradient.hpp"

namespace outrider::governance {
namespace {

using std::chrono::microseconds;
using kind = round_trip_window::kind;

TEST(RoundTripWindow, LosesNothingOverThreads) {
    constexpr int each = 50'000;
    round_trip_window window;
    double counted = 0;
    {
        std::vector<std::jthread> all;
        for (int t = 0; t < 2; ++t)
            all.emplace_back([&] {
                for (int i = 0; i < each; ++i) window.add(microseconds{100 + i % 1000}, kind::busy);
            });
        for (int i = 0; i < 100; ++i) counted += window.take(0).succeeded;
    }
    counted += window.take(0).succeeded;
    EXPECT_EQ(counted, 2 * each);
}

}  // namespace
}  // namespace outrider::governance
