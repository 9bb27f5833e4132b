#include "sidecar/discovery/registration.hpp"

#include <algorithm>
#include <utility>

#include "sidecar/discovery/registry_thread.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::discovery {
namespace {

/// Between two requests: a verdict that flaps is told in its newest form, ten times a second at most.
constexpr std::chrono::milliseconds spacing{100};
constexpr auto idle = std::chrono::hours(1);
constexpr const char* name_in_books = "registration";

}  // namespace

registration::registration(std::string who, std::unique_ptr<registrar> how, std::shared_ptr<registry_books> books)
    : who_(std::move(who)),
      registrar_(std::move(how)),
      books_(std::move(books)),
      thread_(start_thread(who_ + "-register", [this] { run(); })) {}

registration::~registration() {
    bell_.close();
    registrar_->cancel();
    thread_.join();
}

void registration::publish(publication verdict) {
    {
        const std::lock_guard lock(mutex_);
        if (wanted_ == verdict) return;
        wanted_ = std::move(verdict);
    }
    bell_.ring();
}

void registration::withdraw(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const auto by = clock::now() + patience;
    if (!leave_by_) leave_by_ = by;
    bell_.ring();
    left_.wait_until(lock, by, [this] { return gone_; });
}

void registration::run() {
    while (!bell_.closed()) {
        std::unique_lock lock(mutex_);
        const auto wanted = wanted_;
        const auto leave_by = leave_by_;
        lock.unlock();
        if (leave_by) return leave(*leave_by);
        if (wanted)
            turn(*wanted);
        else
            bell_.wait(clock::now() + idle);
    }
}

/// One step when it is due; else waits for that, or for another verdict.
void registration::turn(const publication& wanted) {
    const bool changed = !(wanted == told_);
    const auto due = changed ? std::min(due_, last_ + spacing) : due_;
    if (const auto now = clock::now(); due > now) return bell_.wait(due);
    settle(step(wanted), wanted);
}

step_result registration::step(const publication& wanted) {
    if (!std::exchange(tried_, true) || !standing_) return registrar_->enrol(wanted);
    return heard_ && wanted == told_ ? registrar_->refresh(wanted) : registrar_->tell(wanted);
}

void registration::settle(const step_result& result, const publication& wanted) {
    if (bell_.closed()) return;
    last_ = clock::now();
    heard_ = result.how == step_result::kind::done || (heard_ && wanted == told_);
    told_ = wanted;
    if (result.how == step_result::kind::done) {
        if (!std::exchange(standing_, true)) spdlog::info("{}: registered", who_);
        complained_ = false;
        pause_.reset();
        due_ = last_ + registrar_->refresh_every();
        books_->answered(name_in_books);
    } else {
        if (result.how == step_result::kind::lost) standing_ = false;
        if (!std::exchange(complained_, true)) spdlog::warn("{}: {}; trying again", who_, result.why);
        due_ = last_ + pause_.next();
        books_->failed(name_in_books, result.why);
    }
    books_->registered(standing_);
}

/// Takes the instance out, if it may be in.
void registration::leave(clock::time_point until) {
    while (tried_ && !bell_.closed()) {
        const auto result = registrar_->withdraw();
        if (result.how != step_result::kind::failed) break;
        books_->failed(name_in_books, result.why);
        if (clock::now() >= until) {
            spdlog::warn("{}: not taken out: {}; the registry forgets it by itself", who_, result.why);
            break;
        }
        bell_.sleep(std::min(until, clock::now() + pause_.next()));
    }
    books_->registered(false);
    const std::lock_guard lock(mutex_);
    gone_ = true;
    left_.notify_all();
}

}  // namespace outrider::discovery
