#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace outrider::net {

/// A thread for calls that can hang in the kernel or the C library: disk writes, name resolution. Jobs run one after
/// the other. Jobs own what they touch, because a thread that hangs for good outlives its owner: stop() leaves it
/// behind.
class job_thread {
  public:
    /// @param name  shown by ps and debuggers, at most 15 characters
    explicit job_thread(std::string name);
    ~job_thread();  ///< stop() without patience for what has not begun; waits up to a second for the job under way
    job_thread(const job_thread&) = delete;
    job_thread& operator=(const job_thread&) = delete;

    /// Queues a job; the thread starts with the first one. After stop() jobs are discarded.
    void post(std::function<void()> job);
    /// Jobs that wait or run.
    std::size_t pending() const;
    /// Lets queued jobs finish until the deadline. @return whether they did; otherwise the thread is left behind
    bool stop(std::chrono::milliseconds patience);

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace outrider::net
