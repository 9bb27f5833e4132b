#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outrider::exchange {

/// Who is to blame when an exchange fails.
enum class origin : std::uint8_t { none, client, upstream, self };

/// How an exchange can fail. The text of each is stable: it is `error.type` on spans and a label of metrics.
enum class failure_code : std::uint8_t {
    none,
    malformed_request,    ///< the client broke the protocol
    request_timeout,      ///< the client was too slow
    client_gone,          ///< the client closed or reset before the end
    loop_detected,        ///< our own Via came back
    misdirected,          ///< Host names the outbound listener itself
    unknown_host,         ///< no upstream of that name, and others are refused
    destination_refused,  ///< our own listeners, admin, link-local
    overloaded,           ///< one of our bounds is reached
    draining,             ///< we are stopping
    unresolvable,         ///< DNS knows no such name
    connect_refused,      ///< no endpoint accepted
    connect_timeout,
    tls_failed,             ///< handshake or certificate
    upstream_closed,        ///< closed or reset before an answer
    upstream_malformed,     ///< its answer breaks the protocol
    upstream_timeout,       ///< no answer in time
    upstream_truncated,     ///< its answer ended early
    total_timeout,          ///< the exchange as a whole took too long
    rate_limited,           ///< by a policy's limit
    concurrency_limited,    ///< by a policy's bound on exchanges under way
    circuit_open,           ///< by a policy's breaker
    deadline_exceeded,      ///< the time that the caller allows is over
    no_endpoint,            ///< the registry of a discovered upstream names nobody
    application_unhealthy,  ///< it is known to be, so it was not asked
};
inline constexpr std::size_t failure_codes = static_cast<std::size_t>(failure_code::application_unhealthy) + 1;

struct failure {
    failure_code code = failure_code::none;
    exchange::origin origin = exchange::origin::none;
    bool retryable = false;  ///< nothing of an answer was seen, so that another attempt cannot do harm by itself
    explicit operator bool() const { return code != failure_code::none; }
};

std::string_view name_of(failure_code code);

}  // namespace outrider::exchange
