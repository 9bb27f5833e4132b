#include "sidecar/exchange/failure.hpp"

namespace outrider::exchange {

std::string_view name_of(failure_code code) {
    switch (code) {
        case failure_code::none:
            return "";
        case failure_code::malformed_request:
            return "malformed_request";
        case failure_code::request_timeout:
            return "request_timeout";
        case failure_code::client_gone:
            return "client_gone";
        case failure_code::loop_detected:
            return "loop_detected";
        case failure_code::misdirected:
            return "misdirected";
        case failure_code::unknown_host:
            return "unknown_host";
        case failure_code::destination_refused:
            return "destination_refused";
        case failure_code::overloaded:
            return "overloaded";
        case failure_code::draining:
            return "draining";
        case failure_code::unresolvable:
            return "unresolvable";
        case failure_code::connect_refused:
            return "connect_refused";
        case failure_code::connect_timeout:
            return "connect_timeout";
        case failure_code::tls_failed:
            return "tls_failed";
        case failure_code::upstream_closed:
            return "upstream_closed";
        case failure_code::upstream_malformed:
            return "upstream_malformed";
        case failure_code::upstream_timeout:
            return "upstream_timeout";
        case failure_code::upstream_truncated:
            return "upstream_truncated";
        case failure_code::total_timeout:
            return "total_timeout";
        case failure_code::rate_limited:
            return "rate_limited";
        case failure_code::concurrency_limited:
            return "concurrency_limited";
        case failure_code::circuit_open:
            return "circuit_open";
        case failure_code::deadline_exceeded:
            return "deadline_exceeded";
        case failure_code::no_endpoint:
            return "no_endpoint";
        case failure_code::application_unhealthy:
            return "application_unhealthy";
    }
    return "unknown";
}

}  // namespace outrider::exchange
