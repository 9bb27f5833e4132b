#include "sidecar/tools/trace_wait.hpp"

#include <gtest/gtest.h>

namespace outrider::tools {
namespace {

using namespace std::chrono_literals;
using reason = fetch_error::reason;

fetched_trace spans(std::size_t n) {
    std::vector<tracing::span_data> all(n);
    for (auto& one : all) one.trace.bytes[0] = 1;
    return all;
}

fetched_trace missing() { return fetch_error{reason::not_found, "not found"}; }

/// Time that passes by sleeping only.
struct fake_time {
    wait_clock::time_point now{1h};
    std::chrono::milliseconds slept{0};
    wait_clock clock() {
        return {[this] { return now; },
                [this](std::chrono::milliseconds time) {
                    now += time;
                    slept += time;
                }};
    }
};

TEST(WaitForTrace, AsksOnceWithoutAWait) {
    fake_time time;
    int asked = 0;
    const auto answer = wait_for_trace(
        [&] {
            ++asked;
            return missing();
        },
        0ms, time.clock());
    EXPECT_FALSE(answer);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(time.slept, 0ms);
}

TEST(WaitForTrace, WaitsUntilTheTraceHasNotChangedForASecond) {
    fake_time time;
    const auto answer = wait_for_trace(
        [&]() -> fetched_trace {
            if (time.slept < 600ms) return missing();
            return spans(time.slept < 1'000ms ? 2 : 5);
        },
        10s, time.clock());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->size(), 5u);
    EXPECT_EQ(time.slept, 2'000ms);
}

TEST(WaitForTrace, NoticesThatAnotherTraceHasCome) {
    fake_time time;
    const auto answer = wait_for_trace(
        [&] {
            auto all = spans(1);
            if (time.slept >= 800ms) all->front().trace.bytes[1] = 7;
            return all;
        },
        10s, time.clock());
    EXPECT_EQ(time.slept, 1'800ms);
    EXPECT_EQ(answer->front().trace.bytes[1], 7);
}

TEST(WaitForTrace, GivesTheLastAnswerWhenTimeIsUp) {
    fake_time time;
    std::size_t n = 0;
    const auto growing = wait_for_trace([&] { return spans(++n); }, 900ms, time.clock());
    EXPECT_EQ(growing->size(), n);
    EXPECT_EQ(time.slept, 900ms);
    const auto never = wait_for_trace([] { return missing(); }, 500ms, time.clock());
    EXPECT_EQ(never.error().why, reason::not_found);
}

TEST(WaitForTrace, GoesOnWhileNobodyListensYetButNotWhenItIsNoJaeger) {
    fake_time time;
    const auto late = wait_for_trace(
        [&]() -> fetched_trace {
            if (time.slept < 1s) return fetch_error{reason::unreachable, "refused"};
            return spans(1);
        },
        10s, time.clock());
    EXPECT_TRUE(late);
    time.slept = 0ms;
    const auto other = wait_for_trace(
        []() -> fetched_trace {
            return fetch_error{reason::not_jaeger, "html"};
        },
        10s, time.clock());
    EXPECT_EQ(other.error().why, reason::not_jaeger);
    EXPECT_EQ(time.slept, 0ms);
}

TEST(WaitForTrace, IsNotOverWhileItIsKnownThatSomethingIsMissing) {
    fake_time time;
    int asked = 0;
    bool whole = false;
    const auto answer = wait_for_trace(
        [&] {
            whole = ++asked > 20;
            return spans(3);
        },
        60s, time.clock(), [&] { return whole; });
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(asked, 21) << "the spans had not changed for long";
}

}  // namespace
}  // namespace outrider::tools
