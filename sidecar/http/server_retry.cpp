// Which attempts are made, and what breakers, balancers and budgets learn from them.

#include <algorithm>

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/retry_after.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;
using net::steady_clock;

/// Before the first attempt: what may be sent again, who learns from it, and until when the application may take.
void server_exchange::plan_attempts() {
    const auto* retry = governed_.policies().retry;
    group_ = target_->endpoints();
    learns_ = governed_.any() || group_->balancer;
    auto count = governed_.any() ? governed_.counter() : governance::decision_counter{};
    plan_.begin(retry ? &retry->retry : nullptr, group_->members.size(), facts_.started, count);
    const auto& body = request_.body;
    // One who waits for "100 Continue" has not sent the body yet, and no other upstream could ask for it.
    bool waits = request_.expects_continue && !body_buffered_;
    bool small = body.kind != body_kind::chunked && body.length <= path_.settings.limits.replay_bytes;
    keeps_body_ = !waits && (small || (body.kind == body_kind::chunked && plan_.any()));
    bool idempotent = is_idempotent(head_.method);
    may_retry_ = plan_.any() && keeps_body_ && (idempotent || plan_.unsafe_methods());
    repeatable_ = keeps_body_ && small && (idempotent || (plan_.unsafe_methods() && plan_.retries_resets()));
    keeps_body_ = repeatable_ || may_retry_;
    if (limit_.any() && facts_.direction == exchange::direction::inbound)
        remembered_.remember(*path_.shared.deadlines, span_.own.trace, limit_.end(), facts_.started);
}

/// Whether a first attempt begins: there is time left, somebody to ask, and no breaker is open.
bool server_exchange::may_begin() {
    if (refuse_late()) return false;
    if (group_->members.empty()) {
        fail(failure_code::no_endpoint, origin::upstream, false,
             "no endpoint of upstream '" + target_->name() + "' is known: " + group_->why_none);
        return false;
    }
    if (take_leave()) return true;
    refuse_by(breaker_);
    return false;
}

/// Leave for the next attempt, by the breakers. Right before it: nothing that comes later could swallow a probe. A
/// failure to connect counts, so it is taken before there is a connection.
bool server_exchange::take_leave() {
    if (!learns_) return true;
    attempt_began_ = steady_clock::now();
    head_at_ = {};
    if (governed_.any()) {
        auto said = governed_.ask_attempt(target_->name(), attempt_began_);
        if (said.verdict == governance::verdict::refuse) {
            breaker_ = said;
            return false;
        }
    }
    attempt_open_ = true;
    return true;
}

governance::balancer::rules server_exchange::balance_rules() const {
    const auto& by = governed_.policies();
    return {by.balance ? &*by.balance->source->balance : nullptr, by.eject ? &*by.eject->source->eject : nullptr};
}

void server_exchange::pick_endpoint() {
    follow_list();
    if (auto* chooser = group_->balancer.get()) {
        endpoint_index_ = chooser->pick(plan_.tried(), attempt_began_, balance_rules(), path_.random.next());
        endpoint_ = group_->members[endpoint_index_].get();
    } else {
        endpoint_ = &target_->next_of(*group_);
        endpoint_index_ = 0;
    }
    plan_.attempt_at(endpoint_index_);
}

/// A further attempt goes by the list of now, in which the endpoints that were tried have other numbers. When nobody is
/// in it any more, those of before are better than none.
void server_exchange::follow_list() {
    const auto& now = target_->endpoints();
    if (group_ == now || now->members.empty() || !now->balancer) return;
    plan_.renumber(now->members.size(), [&](std::size_t tried) {
        const auto& members = now->members;
        auto found = std::find(members.begin(), members.end(), group_->members[tried]);
        return static_cast<std::size_t>(found - members.begin());
    });
    group_ = now;
}

/// The answer's head is here. Breakers are told now: a body that takes minutes must hold no probe. The endpoint is told
/// at the end, so that what it has under way is what it still works on.
void server_exchange::tell_breakers() {
    if (!attempt_open_) return;
    head_at_ = steady_clock::now();
    attempt_result result;
    result.status = answer_.status;
    result.took = head_at_ - attempt_began_;
    if (governed_.any()) governed_.finish_attempt(judge(result).upstream, head_at_);
}

/// Everybody who learns from attempts is told of this one's end, once.
void server_exchange::end_attempt(const exchange::failure& why) {
    if (stale_ || !std::exchange(attempt_open_, false)) return;
    bool answered = head_at_ != steady_clock::time_point{};
    auto now = facts_.finished != steady_clock::time_point{} ? facts_.finished : steady_clock::now();
    attempt_result result;
    result.failure = why;
    if (answered) result.status = answer_.status;
    result.took = (answered ? head_at_ : now) - attempt_began_;
    auto verdict = judge(result);
    if (governed_.any()) governed_.finish_attempt(verdict.upstream, now);
    if (group_ && group_->balancer)
        group_->balancer->ended(endpoint_index_, verdict.endpoint, result.took, now, balance_rules());
}

/// An exchange that was broken off says nothing of its upstream.
void server_exchange::abandon_attempt() {
    plan_.end();
    stale_ = false;
    end_attempt({failure_code::draining, origin::self, false});
}

attempt_end server_exchange::how_it_ended(bool answered) const {
    attempt_end out;
    out.elsewhere = plan_.tried().size() < group_->members.size();
    out.repeatable = may_retry_ && !answer_started_;
    if (!answered) {
        out.failure = failure_;
        out.repeatable = out.repeatable && up_.empty();
        return out;
    }
    out.status = answer_.status;
    // An early answer does not wait for the rest of a body.
    out.repeatable = out.repeatable && (!upload_ || upload_->complete);
    if (answer_.status != 429 && answer_.status != 503) return out;
    for (const auto& f : answer_.fields)
        if (same_name(f.name, "retry-after"))
            out.retry_after = parse_retry_after(f.value, std::chrono::system_clock::now());
    return out;
}

/// What follows an attempt that failed, or was answered with a status that a policy retries. An answer is held until
/// the next attempt has its leave: when there is none, it goes to the client.
net::awaitable<server_exchange::next_attempt> server_exchange::after_attempt(bool answered) {
    attempt_plan::step step;
    if (!stale_) {
        auto random = static_cast<std::uint32_t>(path_.random.next());
        step = plan_.next(how_it_ended(answered), steady_clock::now(), limit_.end(), random);
    }
    bool again = (stale_ || step.again) && !connection_->total_passed() && !application_is_sick();
    if (upload_ && again) {
        again = co_await complete_replay();
        stale_ = stale_ && again;
    } else if (upload_ && !answered) {
        co_await end_upload();
    }
    if (stale_ && again) {
        record_attempt(failure_);
        upstream_.reset();
        connection_->watch(nullptr);
        path_.metrics.stale_retries.add();
        co_return next_attempt::same_endpoint;
    }
    stale_ = false;
    end_attempt(answered ? exchange::failure{} : failure_);
    if (!answered) {
        record_attempt(failure_);
        upstream_.reset();
        connection_->watch(nullptr);
    }
    if (again) again = co_await pause(step.wait);
    if (again) again = !limit_.spent(steady_clock::now()) && take_leave();
    if (!again) {
        plan_.end();
        co_return next_attempt::none;
    }
    if (answered) {
        record_attempt({});
        discard_answer();
    }
    co_return next_attempt::any_endpoint;
}

/// Waits before a retry. @return false when there is nobody to retry for any more
net::awaitable<bool> server_exchange::pause(std::chrono::milliseconds wait) {
    const auto end = steady_clock::now() + wait;
    if (wait.count() > 0) {
        connection_->arm(std::chrono::milliseconds{0}, waiting_for::backoff);
        connection_->watch_pause(&pause_timer_);
        pause_timer_.expires_at(end);
        while (steady_clock::now() < end && !connection_->client_gone() && !connection_->total_passed() &&
               !connection_->aborted())
            (void)co_await pause_timer_.async_wait(net::use_tuple);
        connection_->watch_pause(nullptr);
    }
    co_return !connection_->client_gone() && !connection_->total_passed() && !connection_->aborted();
}

/// The answer that is retried is read past when it is here as a whole, so that its connection goes on serving; else the
/// connection is dropped.
void server_exchange::discard_answer() {
    up_.consume(answer_.size);
    answer_body_.start(response_.body, path_.settings.limits.trailer_bytes);
    while (!answer_body_.ended() && !answer_body_.malformed() && !up_.empty()) (void)answer_body_.take(up_.bytes());
    bool whole = answer_body_.ended() && !answer_body_.malformed() && up_.empty() && !response_.switches_protocol;
    whole = whole && (!upload_ || upload_->complete);
    connection_->watch(nullptr);
    if (whole && response_.keep_alive) return_connection(steady_clock::now());
    upstream_.reset();
    up_.reset();
}

}  // namespace outrider::http
