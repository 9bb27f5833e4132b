#include "sidecar/http/attempt_plan.hpp"

#include <algorithm>
#include <utility>

namespace outrider::http {

using exchange::failure_code;
using governance::milliseconds;

namespace {

/// Whether nobody accepted the connection; what a certificate or our own rules refuse is refused again.
bool is_connect_failure(const exchange::failure& why) {
    return why.retryable && (why.code == failure_code::connect_refused || why.code == failure_code::connect_timeout ||
                             why.code == failure_code::unresolvable || why.code == failure_code::tls_failed);
}

}  // namespace

void attempt_plan::begin(const governance::compiled_retry* by, std::size_t endpoints, governance::time_point now,
                         const governance::decision_counter& count) {
    end();
    retry_ = by;
    count_ = count;
    endpoints_ = endpoints;
    failed_connects_ = 0;
    tries_ = remembered_ = 0;
    if (retry_) retry_->budget->exchange(now);
}

void attempt_plan::attempt_at(std::size_t endpoint) {
    if (remembered_ < tried_.size()) tried_[remembered_++] = endpoint;
    ++tries_;
}

bool attempt_plan::unsafe_methods() const { return retry_ && retry_->rule->unsafe_methods; }

bool attempt_plan::retries(int status) const {
    if (!retry_ || tries_ >= retry_->rule->attempts) return false;
    const auto& listed = retry_->rule->statuses;
    return std::find(listed.begin(), listed.end(), status) != listed.end();
}

bool attempt_plan::covers(const attempt_end& of, bool connecting) const {
    if (connecting) return retry_->rule->on_connect;
    if (!of.repeatable) return false;
    if (!of.failure) return retries(of.status);
    if (of.failure.code == failure_code::upstream_closed) return retry_->rule->on_reset;
    return of.failure.code == failure_code::upstream_timeout && retry_->rule->on_timeout;
}

/// Nothing was asked of an endpoint that could not be connected to, so there is no need to wait before another is.
milliseconds attempt_plan::wait_before(const attempt_end& of, bool connecting, std::uint32_t random) const {
    if (connecting && of.elsewhere) return milliseconds{0};
    auto wait = governance::backoff_before(*retry_->rule, static_cast<std::uint32_t>(tries_), random);
    if (of.retry_after) wait += std::chrono::ceil<milliseconds>(*of.retry_after);
    return wait;
}

attempt_plan::step attempt_plan::next(const attempt_end& of, governance::time_point now, governance::time_point end_of,
                                      std::uint32_t random) {
    bool connecting = of.failure && is_connect_failure(of.failure);
    if (connecting) ++failed_connects_;
    if (now >= end_of) return {};
    bool built_in = connecting && !(retry_ && retry_->rule->on_connect);
    if (built_in) return {failed_connects_ < std::min<std::size_t>(endpoints_, most_connects), milliseconds{0}};
    if (!retry_ || tries_ >= retry_->rule->attempts || !covers(of, connecting)) return {};
    if (of.retry_after && *of.retry_after > longest_retry_after) return {};
    auto wait = wait_before(of, connecting, random);
    if (end_of - now <= wait) return {};
    end();  // the retry that has just ended
    if (!retry_->budget->begin(now)) {
        count_(*retry_, governance::rule_outcome::budget_spent);
        return {};
    }
    holds_budget_ = true;
    count_(*retry_, governance::rule_outcome::retried);
    return {true, wait};
}

void attempt_plan::end() {
    if (std::exchange(holds_budget_, false)) retry_->budget->end();
}

}  // namespace outrider::http
