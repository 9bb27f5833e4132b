#include "sidecar/exchange/governed.hpp"

#include <boost/asio/post.hpp>

namespace outrider::exchange {

slot_call::slot_call(net::executor ex) : timer(ex), executor_(ex) { on_granted = &slot_call::on_call; }

/// On any thread, under the limiter's lock.
void slot_call::on_call(governance::slot_waiter* self) {
    auto call = static_cast<slot_call*>(self)->shared_from_this();
    auto executor = call->executor_;
    net::asio::post(executor, [call = std::move(call)] {
        call->arrived = true;
        call->timer.cancel();
    });
}

const governance::decision& governed::begin(const governor& by, const governance::facts& of,
                                            const governance::amounts& amount, governance::time_point now) {
    decision_ = {};
    cancelled_ = false;
    if (in_use_ != by.policies()) in_use_ = by.policies();
    in_use_->set->match(of, matched_);
    if (matched_.policies.empty()) return decision_;
    if (!call_) call_ = std::make_shared<slot_call>(executor_);
    call_->arrived = call_->granted = false;
    decision_ = admission_.admit(matched_, of, now, amount, permit_, counter(), *call_);
    return decision_;
}

void governed::match(const governor& by, const governance::facts& of) {
    decision_ = {};
    if (in_use_ != by.policies()) in_use_ = by.policies();
    in_use_->set->match(of, matched_);
}

net::awaitable<void> governed::wait() {
    waiting_ = true;
    while (decision_.verdict == governance::verdict::wait && !cancelled_) {
        if (decision_.wait.count() > 0)
            co_await pause();
        else
            co_await wait_for_slot();
    }
    waiting_ = false;
    if (!cancelled_) co_return;
    admission_.cancel(net::steady_clock::now());
    call_.reset();
    decision_.verdict = governance::verdict::refuse;
    decision_.by = nullptr;
}

net::awaitable<void> governed::pause() {
    const auto end = net::steady_clock::now() + decision_.wait;
    call_->timer.expires_at(end);
    while (!cancelled_ && net::steady_clock::now() < end) (void)co_await call_->timer.async_wait(net::use_tuple);
    decision_.wait = {};
    if (!cancelled_) decision_ = admission_.resume(net::steady_clock::now());
}

net::awaitable<void> governed::wait_for_slot() {
    const auto end = net::steady_clock::now() + decision_.longest_wait;
    call_->timer.expires_at(end);
    while (!cancelled_ && !call_->arrived && net::steady_clock::now() < end)
        (void)co_await call_->timer.async_wait(net::use_tuple);
    if (cancelled_) co_return;
    if (call_->arrived) {
        call_->arrived = false;
        decision_ = admission_.resume(net::steady_clock::now());
    } else {
        // A call may be under way that must not be taken for a later one: that waits at another place.
        auto next = std::make_shared<slot_call>(executor_);
        decision_ = admission_.give_up(net::steady_clock::now(), *next);
        call_ = std::move(next);
    }
}

void governed::cancel() {
    if (!waiting_) return;
    cancelled_ = true;
    call_->timer.cancel();
}

void governed::reset() {
    if (!any()) return;
    const auto now = net::steady_clock::now();
    attempt_.finish(governance::outcome::ignored, now);
    permit_.finish(governance::outcome::ignored, now);
    matched_.clear();
}

}  // namespace outrider::exchange
