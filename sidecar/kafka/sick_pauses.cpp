// Consumption while an application is known to be sick: it pauses, and the group stays as it is, because everything but
// fetches goes on.

#include <cstring>

#include "sidecar/kafka/fetch_request.hpp"
#include "sidecar/kafka/own_answers.hpp"
#include "sidecar/kafka/request_pump.hpp"
#include "sidecar/kafka/share_fetch_request.hpp"

namespace outrider::kafka {

net::awaitable<bool> request_pump::wait_while_sick(std::chrono::milliseconds most) {
    const auto until = net::steady_clock::now() + most;
    bool written = co_await relay_.flush();
    if (!written) co_return false;
    co_await of_.pause_while_sick(until);
    co_return !of_.over;
}

net::awaitable<request_pump::kept> request_pump::keep_fetch(const request_header& head) {
    const auto allowed = max_wait_of_fetch(relay_.unseen().substr(body_at_, left_ - body_at_), head.version);
    bool open = co_await wait_while_sick(wait_of_paused_fetch(allowed.value_or(0)));
    if (!open) co_return kept::over;
    if (!path_.cluster.pauses()) co_return kept::goes_on;
    path_.metrics.paused_fetches.add();
    // Outside of its fetch session, as policies pause it.
    auto nothing = empty_fetch_answer(head.correlation, head.version, 1);
    bool answered = co_await answer_here(head, std::move(nothing));
    co_return answered ? kept::answered : kept::over;
}

net::awaitable<bool> request_pump::keep_share_fetch(const request_header& head) {
    const auto known = read_share_fetch_head(relay_.unseen().substr(body_at_, left_ - body_at_), head.version);
    if (!known || known->session_epoch < 0) co_return true;
    bool open = co_await wait_while_sick(wait_of_paused_fetch(known->max_wait_ms));
    if (!open || !path_.cluster.pauses()) co_return open;
    path_.metrics.paused_fetches.add();
    // The broker counts the requests of a share session, and learns what was acknowledged, but has nothing to give.
    auto* body = relay_.unseen_data() + body_at_;
    std::memset(body + known->max_wait_at, 0, sizeof(std::int32_t));
    std::memset(body + known->max_records_at, 0, sizeof(std::int32_t));
    co_return true;
}

}  // namespace outrider::kafka
