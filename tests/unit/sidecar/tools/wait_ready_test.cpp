#include "sidecar/tools/wait_ready.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::tools {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::Each;
using testing::Le;

struct passing_time {
    milliseconds passed{0};
    std::vector<milliseconds> pauses;
    wait_clock clock() {
        return {[this] { return wait_clock::time_point{} + passed; },
                [this](milliseconds time) {
                    pauses.push_back(time);
                    passed += time;
                }};
    }
};

TEST(WaitReady, AsksOftenAtFirstAndNeverLessThanFourTimesASecond) {
    passing_time time;
    int asked = 0;
    const auto why = wait_until_ready([&](milliseconds) { return ++asked < 10 ? "not yet" : ""; }, 30s, time.clock());
    EXPECT_EQ(why, "");
    EXPECT_EQ(asked, 10);
    EXPECT_EQ(time.pauses.front(), 10ms);
    EXPECT_THAT(time.pauses, Each(Le(250ms)));
}

TEST(WaitReady, GivesUpWithTheLastReason) {
    passing_time time;
    EXPECT_EQ(
        wait_until_ready([&](milliseconds) { return "at " + std::to_string(time.passed.count()); }, 1s, time.clock()),
        "at 1000");
}

TEST(WaitReady, AsksOnceWhenThereIsNoTime) {
    passing_time time;
    int asked = 0;
    EXPECT_EQ(wait_until_ready([&](milliseconds) { return ++asked, "no"; }, 0s, time.clock()), "no");
    EXPECT_EQ(asked, 1);
}

TEST(WaitReady, AQuestionNeverOutlastsTheWaitByMuch) {
    passing_time time;
    std::vector<milliseconds> patience;
    wait_until_ready(
        [&](milliseconds most) {
            patience.push_back(most);
            time.passed += most;
            return "hangs";
        },
        2'500ms, time.clock());
    EXPECT_LE(time.passed, 2'520ms);
    EXPECT_THAT(patience, Each(Le(1'000ms)));
}

}  // namespace
}  // namespace outrider::tools
