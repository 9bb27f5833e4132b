// The exchange under its policies: what they are told of it, and what comes of their decisions.

#include <algorithm>

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/lower_case.hpp"
#include "sidecar/http/refusal.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;
using exchange::ruling;

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
    // Most come in lower case already.
    if (std::ranges::any_of(policy_facts_.host, is_upper))
        policy_facts_.host = policy_host_ = lower_case(policy_facts_.host);
    policy_facts_.path = facts_.path;
    policy_facts_.header = {&find_field, &head_};
    policy_facts_.address = facts_.peer;
}

/// Whether the exchange may go on, perhaps after a wait.
server_exchange::next_step server_exchange::ask_policies() {
    fill_policy_facts();
    governance::amounts amount;
    // What is announced is asked for at once; what has no length yet is charged as it passes.
    amount.bytes = static_cast<double>(request_.body.length);
    auto verdict = governed_.begin(path_.governor, policy_facts_, amount, net::steady_clock::now()).verdict;
    if (!governed_.any()) return admitted();
    take_policy_times();
    ruling_.version = governed_.version();
    facts_.ruling = &ruling_;
    return verdict == governance::verdict::wait ? next_step::wait_for_turn : heed(verdict);
}

/// What a decision to go or to refuse means.
server_exchange::next_step server_exchange::heed(governance::verdict verdict) {
    const auto& said = governed_.decision();
    if (said.shadow) ruling_.note_shadow(*said.shadow);
    if (verdict == governance::verdict::go && ruling_.waited.count() > 0 && application_is_sick()) {
        refuse_for_sick();  // meanwhile
        return next_step::refuse;
    }
    if (verdict == governance::verdict::go) {
        charges_bytes_ = governed_.counts_bytes();
        return admitted();
    }
    if (said.by)
        refuse_by(said);
    else
        fail_wait();
    return next_step::refuse;
}

/// In a queue, or until a pace allows. The client's leaving, timeouts.total and the end of a drain end it early.
net::awaitable<void> server_exchange::wait_for_policies() {
    const auto began = net::steady_clock::now();
    const auto* by = governed_.decision().by;
    connection_->arm(std::chrono::milliseconds{0}, waiting_for::policy);
    connection_->watch_wait(&governed_);
    co_await governed_.wait();
    connection_->watch_wait(nullptr);
    ruling_.waited = net::steady_clock::now() - began;
    ruling_.note(ruling::kind::waited, *by);
}

/// The wait was ended from outside.
void server_exchange::fail_wait() {
    if (connection_->client_gone())
        fail(failure_code::client_gone, origin::client, false, "the client left while its request waited for its turn");
    else if (connection_->total_passed())
        fail_time(" while the request waited for its turn");
    else
        fail(failure_code::draining, origin::self, false, "the sidecar is stopping");
}

/// A rule refuses the exchange, or its next attempt: nothing of it is the upstream's fault.
void server_exchange::refuse_by(const governance::decision& why) {
    refusal_ = why;
    fail(failure_of(*why.by), origin::self, false, detail_of(why));
}

bool server_exchange::refused_by_rule() const { return refusal_.by && failure_.code == failure_of(*refusal_.by); }

/// The answer's head is here: from now on it streams, for as long as it likes.
void server_exchange::note_answered() {
    if (governed_.any()) governed_.answered();
}

/// Slots go back, and rules learn how the exchange ended. What was answered in the upstream's place says nothing for
/// it, and what was not even tried says nothing at all.
void server_exchange::finish_policies() {
    if (refused_by_rule()) ruling_.note(ruling::kind::refused, *refusal_.by);
    auto status = attempt_facts_.status != 0 ? attempt_facts_.status : facts_.status;
    bool answered = status > 0 && status < 500;
    bool ours = facts_.failure.origin == origin::client || facts_.failure.origin == origin::self;
    auto how = ours || facts_.attempts == 0  ? governance::outcome::ignored
               : facts_.failure || !answered ? governance::outcome::failure
                                             : governance::outcome::success;
    governed_.finish(how, facts_.finished);
}

}  // namespace outrider::http
