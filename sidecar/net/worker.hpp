#pragma once

#include <future>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>

#include "sidecar/net/asio.hpp"
#include "sidecar/net/task_group.hpp"
#include "sidecar/net/timer_wheel.hpp"

namespace outrider::net {

/// One thread of the data path with all that it owns. Nothing in it is shared; other threads talk to it by post().
class worker {
  public:
    /// @param name  of its thread; empty: "worker-" and the index
    explicit worker(unsigned index, std::string name = {});
    ~worker();

    void start();
    /// Ends the loop and joins the thread.
    void stop();

    unsigned index() const { return index_; }
    executor get_executor() { return context_.get_executor(); }
    timer_wheel& wheel() { return wheel_; }
    task_group& tasks() { return tasks_; }

    /// Runs `work` on the worker's thread. Any thread.
    void post(std::function<void()> work);

    /// Runs `work` on the worker's thread and waits for it. @return false when the deadline passed first (the work may
    /// then still run later; it must own what it touches).
    bool run_within(std::chrono::milliseconds deadline, std::function<void()> work);

  private:
    unsigned index_;
    std::string name_;
    asio::io_context context_;
    asio::executor_work_guard<executor> keep_running_;
    timer_wheel wheel_;
    task_group tasks_;
    std::thread thread_;
};

/// How many workers there are when nothing is configured: the CPU quota of the cgroup (v2 or v1), else the processors
/// that this process may use; at least 1, at most 2.
unsigned default_workers();

}  // namespace outrider::net
