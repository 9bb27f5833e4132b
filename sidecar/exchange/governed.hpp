#pragma once

#include <memory>

#include "governance/admission.hpp"
#include "sidecar/exchange/governor.hpp"
#include "sidecar/net/timer_wheel.hpp"

namespace outrider::exchange {

/// A place in a queue for a slot, on the side of the worker: whoever grants it posts here. It outlives the wait while a
/// message is under way.
class slot_call : public governance::slot_waiter, public std::enable_shared_from_this<slot_call> {
  public:
    explicit slot_call(net::executor ex);
    net::steady_timer timer;
    bool arrived = false;  ///< on the worker's thread

  private:
    static void on_call(governance::slot_waiter* self);
    net::executor executor_;
};

/// One exchange under its policies; reused from one to the next, so that nothing is allocated once warm.
///
///     begin() -> go | refuse | wait -> co_await wait() -> go | refuse
///     per attempt: attempt.ask() ... attempt.finish()
///     finish()
class governed {
  public:
    explicit governed(net::executor ex) : executor_(ex) {}
    ~governed() { reset(); }

    /// Finds the policies that match and asks them.
    /// @param of  must live until finish(), with all that it views
    const governance::decision& begin(const governor& by, const governance::facts& of,
                                      const governance::amounts& amount, governance::time_point now);
    /// Finds the policies that match, and asks none of them: of an exchange that goes nowhere, whatever they say.
    void match(const governor& by, const governance::facts& of);
    /// After a decision to wait: until it is decided. cancel() ends it early, with a refusal by nobody.
    net::awaitable<void> wait();
    void cancel();

    /// What was decided last.
    const governance::decision& decision() const { return decision_; }
    /// The policies that match; settings are read from here. Empty before begin() and after reset().
    const governance::matched& policies() const { return matched_; }
    /// The version of the policies that were asked.
    const std::string& version() const { return in_use_->set->version(); }
    bool any() const { return !matched_.policies.empty(); }
    governance::decision_counter counter() const { return in_use_->counter(); }

    /// Leave for an attempt at `upstream`, by the breakers. Asked right before dispatch.
    governance::decision ask_attempt(std::string_view upstream, governance::time_point now) {
        return attempt_.ask(matched_, upstream, now, counter());
    }
    void finish_attempt(governance::outcome how, governance::time_point now) { attempt_.finish(how, now); }

    /// The answer's head is here.
    void answered() {
        if (permit_.held()) permit_.answered(net::steady_clock::now());
    }
    /// Bytes of bodies as they pass, for the limits that count them.
    bool counts_bytes() const { return permit_.charges(governance::measure::bytes); }
    void passed(std::size_t bytes) {
        permit_.charge(governance::measure::bytes, static_cast<double>(bytes), net::steady_clock::now());
    }
    void finish(governance::outcome how, governance::time_point now) { permit_.finish(how, now); }
    /// Gives back what is still held, and forgets the policies.
    void reset();

  private:
    net::awaitable<void> pause();
    net::awaitable<void> wait_for_slot();

    net::executor executor_;
    governor::handle in_use_;
    governance::matched matched_;
    governance::admission admission_;
    governance::permit permit_;
    governance::attempt_permit attempt_;
    governance::decision decision_;
    std::shared_ptr<slot_call> call_;
    bool waiting_ = false;
    bool cancelled_ = false;
};

}  // namespace outrider::exchange
