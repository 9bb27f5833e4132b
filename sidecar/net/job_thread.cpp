#include "sidecar/net/job_thread.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <pthread.h>
#include <signal.h>

namespace outrider::net {

struct job_thread::state {
    const std::string name;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> jobs;
    std::thread thread;
    bool busy = false;
    bool stopping = false;
    bool finished = false;

    explicit state(std::string n) : name(std::move(n)) {}

    void run() {
        ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
        // Signals are the main thread's; and a pipe without a reader is an error to report, not a reason to die.
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        std::unique_lock lock(mutex);
        while (true) {
            changed.wait(lock, [this] { return !jobs.empty() || stopping; });
            if (jobs.empty()) break;
            auto job = std::move(jobs.front());
            jobs.pop_front();
            busy = true;
            lock.unlock();
            job();
            job = nullptr;  // what it owned goes before anyone is told that it is done
            lock.lock();
            busy = false;
        }
        finished = true;
        changed.notify_all();
    }
};

job_thread::job_thread(std::string name) : state_(std::make_shared<state>(std::move(name))) {}

job_thread::~job_thread() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->jobs.clear();
    }
    stop(std::chrono::seconds(1));
}

void job_thread::post(std::function<void()> job) {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->jobs.push_back(std::move(job));
    if (!state_->thread.joinable()) state_->thread = std::thread([s = state_] { s->run(); });
    state_->changed.notify_all();
}

std::size_t job_thread::pending() const {
    const std::lock_guard lock(state_->mutex);
    return state_->jobs.size() + (state_->busy ? 1 : 0);
}

bool job_thread::stop(std::chrono::milliseconds patience) {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
    if (!state_->thread.joinable()) return state_->jobs.empty();
    const bool done = state_->changed.wait_for(lock, patience, [this] { return state_->finished; });
    if (!done) state_->jobs.clear();
    auto thread = std::move(state_->thread);
    lock.unlock();
    if (done)
        thread.join();
    else
        thread.detach();
    return done;
}

}  // namespace outrider::net
