// Inbound exchanges and the health of the application: those that are not even tried, and what the others tell of it.

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"

namespace outrider::http {

using exchange::failure_code;
using exchange::origin;

bool server_exchange::application_is_sick() const {
    const auto* application = connection_->role.application;
    return application && application->sick();
}

/// The application is not touched. Policies are not asked either, so nobody pays with his limit for what he does not
/// get; they may have a fallback.
void server_exchange::refuse_for_sick() {
    auto why = connection_->role.application->why();
    if (!why.empty()) why.insert(0, ": ");
    fail(failure_code::application_unhealthy, origin::upstream, false,
         "the application is known to be unhealthy" + why);
    if (governed_.any() || path_.governor.policies()->set->empty()) return;
    fill_policy_facts();
    governed_.match(path_.governor, policy_facts_);
    if (!governed_.any()) return;
    ruling_.version = governed_.version();
    facts_.ruling = &ruling_;
}

/// What an attempt says of it: any answer is a sign of life. A pooled connection that it closed says nothing: that may
/// have been its idle limit.
void server_exchange::note_application(bool answered) {
    auto* application = connection_->role.application;
    if (!application) return;
    if (answered) return application->note(true);
    bool may_be_idle_limit = reused_ && failure_.code == failure_code::upstream_closed;
    if (!may_be_idle_limit && is_sign_of_sickness(failure_)) application->note(false);
}

}  // namespace outrider::http
