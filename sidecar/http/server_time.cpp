// How long the exchange may take: settings, policies, and what callers say, over hops.

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

/// What the request says, what the inbound request of the same trace has left, and the operator's total: the shortest
/// counts.
void server_exchange::set_time_limit(std::chrono::milliseconds total, time_limit::word by) {
    limit_ = {};
    limit_.read(head_.fields, facts_.started);
    if (facts_.direction == exchange::direction::outbound && span_.incoming.parent.trace.valid())
        if (auto end = path_.shared.deadlines->find(span_.own.trace)) limit_.narrow(time_limit::word::trace, *end);
    if (total.count() > 0) limit_.narrow(by, facts_.started + total, total);
    connection_->limit_total(limit_.end());
}

void server_exchange::take_policy_times() {
    const auto* policy = governed_.policies().timeout;
    if (!policy) return;
    const auto& rule = *policy->source->timeout;
    own_times_ = path_.settings.timeouts;
    own_times_.connect = rule.connect.value_or(own_times_.connect);
    own_times_.first_byte = rule.first_byte.value_or(own_times_.first_byte);
    own_times_.body = rule.idle.value_or(own_times_.body);
    times_ = &own_times_;
    if (rule.total) set_time_limit(*rule.total, time_limit::word::policy);
}

/// A request whose time is over asks nothing of anybody any more.
bool server_exchange::refuse_late() {
    if (!limit_.any() || !limit_.spent(net::steady_clock::now())) return false;
    fail_time();
    failure_.origin = limit_.of_caller() ? origin::client : origin::self;
    return true;
}

/// The time is over. While the client's own body was waited for, or a turn, the upstream is not to blame.
void server_exchange::fail_time(std::string_view meanwhile) {
    bool inbound = facts_.direction == exchange::direction::inbound;
    auto whose = origin::upstream;
    if (connection_->waited_for() == waiting_for::request_body) whose = origin::client;
    if (connection_->waited_for() == waiting_for::policy) whose = origin::self;
    auto where = inbound ? "on the way into '" + path_.settings.service + "'"
                         : "on the way from '" + path_.settings.service + "' to '" + std::string{facts_.upstream} + "'";
    fail(limit_.of_caller() ? failure_code::deadline_exceeded : failure_code::total_timeout, whose, false,
         limit_.text() + " has passed " + where + std::string{meanwhile});
}

void server_exchange::count_timeout(failure_code code) {
    const auto* policy = governed_.policies().timeout;
    if (!policy) return;
    const auto& rule = *policy->source->timeout;
    bool by_rule = (code == failure_code::connect_timeout && rule.connect) ||
                   (code == failure_code::upstream_timeout && (rule.first_byte || rule.idle)) ||
                   (code == failure_code::total_timeout && limit_.by() == time_limit::word::policy);
    if (by_rule) governed_.counter()(policy->timeout, governance::rule_outcome::timed_out);
}

}  // namespace outrider::http
