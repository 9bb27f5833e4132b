#pragma once

#include "governance/clock.hpp"
#include "governance/outcome.hpp"
#include "sidecar/exchange/failure.hpp"

namespace outrider::http {

/// How one attempt at an upstream ended.
struct attempt_result {
    exchange::failure failure;  ///< none: it was answered
    int status = 0;
    bool stale = false;               ///< a pooled connection was closed by the upstream's own idle limit
    governance::nanoseconds took{0};  ///< to the answer's head, or to the failure
};

/// What it says of the upstream as a whole (breakers), and of the endpoint (balancing, ejection).
struct attempt_verdict {
    governance::outcome upstream = governance::outcome::ignored;
    governance::outcome endpoint = governance::outcome::ignored;
    bool operator==(const attempt_verdict&) const = default;
};

/// An attempt that a caller's deadline cuts off earlier than this had no fair chance: it says nothing. Otherwise who
/// sends deadlines of a millisecond, or a retry with the last of the budget, would open a breaker for everybody.
inline constexpr governance::milliseconds fair_chance{100};

/// The one place where the end of an attempt becomes what rules learn:
///
/// - no connection, no answer, an answer that is late, malformed or cut off: failure;
/// - 5xx: failure, but for 501 and 505, which speak of the request and not of the server's health;
/// - 503 with Retry-After too: who turns everybody away is to be left alone. Who turns one caller away says 429: the
///   upstream is well, and the endpoint's latency of saying so is no sample (it would draw traffic to who refuses
///   most);
/// - what the client or this sidecar ended: ignored.
attempt_verdict judge(const attempt_result& of);

/// Whether a failed attempt is a sign that the application beside the sidecar is sick: it did not accept, closed
/// without an answer, or did not answer in time. What callers can bring about by their deadlines is none.
bool is_sign_of_sickness(const exchange::failure& of);

}  // namespace outrider::http
