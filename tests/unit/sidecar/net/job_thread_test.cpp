#include "sidecar/net/job_thread.hpp"

#include <atomic>
#include <future>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace outrider::net {
namespace {

using namespace std::chrono_literals;

TEST(JobThread, RunsJobsInOrderAndFinishesThemOnStop) {
    job_thread thread("test");
    std::vector<int> seen;
    for (int i = 0; i < 100; ++i) thread.post([&seen, i] { seen.push_back(i); });
    EXPECT_TRUE(thread.stop(10s));
    ASSERT_EQ(seen.size(), 100u);
    EXPECT_EQ(seen.back(), 99);
}

TEST(JobThread, WithoutJobsStopsAtOnce) {
    job_thread thread("test");
    EXPECT_TRUE(thread.stop(10s));
}

TEST(JobThread, APipeWithoutAReaderIsAnErrorOnly) {
    job_thread thread("test");
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    ::close(pipe[0]);
    int error = 0;
    thread.post([&] { error = ::write(pipe[1], "x", 1) < 0 ? errno : 0; });
    EXPECT_TRUE(thread.stop(10s));
    EXPECT_EQ(error, EPIPE);
    ::close(pipe[1]);
}

TEST(JobThread, LeavesAHangingJobBehind) {
    auto release = std::make_shared<std::promise<void>>();
    auto ended = std::make_shared<std::promise<void>>();
    auto wait_for_end = ended->get_future();
    {
        job_thread thread("test");
        thread.post([release, ended] {
            release->get_future().wait();
            ended->set_value();
        });
        thread.post([] { FAIL() << "a job that had not begun when stop() gave up"; });
        EXPECT_EQ(thread.pending(), 2u);
        EXPECT_FALSE(thread.stop(20ms));
        thread.post([] { FAIL() << "a job after stop()"; });
    }
    release->set_value();
    wait_for_end.wait();
}

}  // namespace
}  // namespace outrider::net
