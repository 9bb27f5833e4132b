#include "sidecar/tools/trace_wait.hpp"

#include <algorithm>
#include <thread>

namespace outrider::tools {

namespace {

/// Spans are only ever added or delivered again, so their number and the trace tell whether it has changed.
bool same_progress(const fetched_trace& a, const fetched_trace& b) {
    return a && b && a->size() == b->size() && a->front().trace == b->front().trace;
}

bool hopeless(const fetched_trace& answer) { return !answer && answer.error().why == fetch_error::reason::not_jaeger; }

}  // namespace

wait_clock wait_clock::steady() {
    return {[] { return std::chrono::steady_clock::now(); },
            [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }};
}

fetched_trace wait_for_trace(const std::function<fetched_trace()>& ask, std::chrono::milliseconds wait,
                             const wait_clock& clock, const std::function<bool()>& whole) {
    const auto until = clock.now() + wait;
    auto answer = ask();
    auto changed = clock.now();
    while (!hopeless(answer)) {
        const auto now = clock.now();
        const bool settled = answer && now - changed >= settled_after && (!whole || whole());
        if (settled || now >= until) break;
        clock.sleep(std::min(poll_every, std::chrono::ceil<std::chrono::milliseconds>(until - now)));
        auto next = ask();
        if (!same_progress(answer, next)) changed = clock.now();
        answer = std::move(next);
    }
    return answer;
}

}  // namespace outrider::tools
