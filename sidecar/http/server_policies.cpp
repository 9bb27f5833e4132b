// The exchange under its policies: what they are told of it, and what comes of their decisions.

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

std::string_view server_exchange::find_field(const void* message, std::string_view name) {
    auto& head = *static_cast<const request_head*>(message);
    for (const auto& field : head.fields)
        if (same_name(field.name, name)) return field.value;
    return {};
}

void server_exchange::fill_policy_facts() {
    policy_facts_ = {};
    policy_facts_.kind =
        facts_.direction == exchange::direction::inbound ? governance::traffic::inbound : governance::traffic::outbound;
    // Of hosts found by DNS the policies know the host only.
    if (facts_.direction == exchange::direction::outbound && facts_.target != path_.shared.dynamic_target)
        policy_facts_.upstream = facts_.upstream;
    policy_facts_.method = facts_.method;
    policy_facts_.host = request_.host.host;
    policy_facts_.path = facts_.path;
    policy_facts_.header = {&find_field, &head_};
    policy_facts_.address = facts_.peer;
}

/// Whether the exchange may go on, perhaps after a wait.
net::awaitable<bool> server_exchange::admit() {
    fill_policy_facts();
    governance::amounts amount;
    amount.bytes = static_cast<double>(request_.body.length);
    auto verdict = governed_.begin(path_.governor, policy_facts_, amount, facts_.started).verdict;
    if (verdict == governance::verdict::wait) {
        co_await governed_.wait();
        verdict = governed_.decision().verdict;
    }
    if (verdict == governance::verdict::go) co_return true;
    refused_by_policy();
    co_return false;
}

void server_exchange::refused_by_policy() {
    fail(failure_code::overloaded, origin::self, false, "a policy refuses the request");
}

/// Slots go back, and rules learn how the exchange ended.
void server_exchange::finish_policies() {
    bool answered = facts_.status > 0 && facts_.status < 500;
    auto how = facts_.failure.origin == origin::client || facts_.failure.origin == origin::self
                   ? governance::outcome::ignored
               : facts_.failure || !answered ? governance::outcome::failure
                                             : governance::outcome::success;
    governed_.finish(how, facts_.finished);
}

}  // namespace outrider::http
