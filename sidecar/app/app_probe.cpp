#include "sidecar/app/app_probe.hpp"

#include <pthread.h>

#include "sidecar/net/try_connect.hpp"

namespace outrider::app {

app_probe::app_probe(std::vector<config::endpoint> applications, const config::health& how,
                     exchange::applications& tell)
    : how_(how) {
    for (auto& where : applications) {
        auto& health = tell.named(where.text());
        targets_.push_back({std::move(where), false, 0, "not yet probed", &health});
    }
}

app_probe::~app_probe() { stop(); }

void app_probe::start() {
    thread_ = std::thread{[this] { run(); }};
}

void app_probe::stop() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::vector<std::string> app_probe::complaints() const {
    std::lock_guard lock{mutex_};
    std::vector<std::string> out;
    for (const auto& one : targets_)
        if (!one.up) out.push_back("application " + one.where.text() + ": " + one.reason);
    return out;
}

void app_probe::judge(target& one, const std::string& error) {
    bool success = error.empty();
    if (!success) one.reason = error;
    if (success == one.up) {
        one.in_a_row = 0;
        return;
    }
    if (++one.in_a_row < (one.up ? how_.fall : how_.rise)) return;
    one.up = success;
    one.in_a_row = 0;
    one.health->say(!success, "application " + one.where.text() + ": " + error);
}

void app_probe::run() {
    ::pthread_setname_np(::pthread_self(), "app-probe");
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        bool all_up = true;
        for (std::size_t i = 0; i < targets_.size(); ++i) {
            auto where = targets_[i].where;
            lock.unlock();
            auto error = net::try_connect(where, std::chrono::milliseconds{1'000});
            lock.lock();
            judge(targets_[i], error);
            all_up = all_up && targets_[i].up;
        }
        // While an application is away it is asked more often: it should be used soon after it has come.
        auto pause = all_up ? how_.every : std::min(how_.every, config::milliseconds{250});
        wake_.wait_for(lock, pause, [this] { return stopping_; });
    }
}

}  // namespace outrider::app
