#include "sidecar/net/worker.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include <boost/asio/post.hpp>
#include <pthread.h>
#include <sched.h>

namespace outrider::net {
namespace {

/// The quota in processors; 0 when there is none.
double cgroup_quota() {
    std::ifstream v2{"/sys/fs/cgroup/cpu.max"};
    std::string quota;
    double period = 0;
    if (v2 >> quota >> period && quota != "max" && period > 0) return std::atof(quota.c_str()) / period;
    std::ifstream v1_quota{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us"}, v1_period{"/sys/fs/cgroup/cpu/cpu.cfs_period_us"};
    double microseconds = 0;
    if (v1_quota >> microseconds && v1_period >> period && microseconds > 0 && period > 0) return microseconds / period;
    return 0;
}

}  // namespace

unsigned default_workers() {
    cpu_set_t usable;
    unsigned processors = 1;
    if (::sched_getaffinity(0, sizeof usable, &usable) == 0) processors = static_cast<unsigned>(CPU_COUNT(&usable));
    if (auto quota = cgroup_quota(); quota > 0)
        processors = std::min(processors, static_cast<unsigned>(std::ceil(quota)));
    return std::clamp(processors, 1U, 2U);
}

worker::worker(unsigned index, std::string name)
    // Only this thread runs the reactor, so its descriptors need no locks; post() from other threads stays safe.
    : index_(index),
      name_(name.empty() ? "worker-" + std::to_string(index) : std::move(name)),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      keep_running_(context_.get_executor()),
      wheel_(context_),
      tasks_(context_.get_executor()) {}

worker::~worker() { stop(); }

void worker::start() {
    thread_ = std::thread{[this] {
        ::pthread_setname_np(::pthread_self(), name_.c_str());
        context_.run();
    }};
}

void worker::stop() {
    if (!thread_.joinable()) return;
    post([this] {
        wheel_.stop();
        context_.stop();
    });
    thread_.join();
}

void worker::post(std::function<void()> work) { asio::post(context_, std::move(work)); }

bool worker::run_within(std::chrono::milliseconds deadline, std::function<void()> work) {
    auto done = std::make_shared<std::promise<void>>();
    auto finished = done->get_future();
    post([done, work = std::move(work)] {
        work();
        done->set_value();
    });
    return finished.wait_for(deadline) == std::future_status::ready;
}

}  // namespace outrider::net
