#pragma once

#include <chrono>

#include "tests/unit/sidecar/exchange/traced.hpp"

namespace outrider::exchange {

/// What a caller hands on: the trace and the span of these tests.
inline tracing::context_fields carried(
    std::string_view traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") {
    tracing::context_fields fields;
    fields.traceparent = traceparent;
    return fields;
}

/// One that makes a span at a time.
struct traced : traced_by<exchange::tracer> {
    using traced_by::traced_by;
    tracing::span_data server(const http_facts& facts, config::trust trust = config::trust::continue_) {
        tracer.finish_server(tracer.start(carried(), trust, {}), facts);
        return only();
    }
    tracing::span_data client(const http_facts& facts, const attempt_facts& attempt) {
        tracer.finish_client(tracer.start(carried(), config::trust::continue_, {}), facts, attempt);
        return only();
    }
};

inline http_facts some_http_facts() {
    http_facts facts;
    facts.method = "GET";
    facts.path = "/orders/7";
    facts.host = "shop";
    facts.peer = "192.0.2.7";
    facts.peer_port = 4711;
    facts.user_agent = "curl/8";
    facts.status = 200;
    facts.upstream = "stock";
    facts.attempts = 1;
    facts.finished = facts.started + std::chrono::milliseconds{5};
    return facts;
}

inline attempt_facts some_attempt() {
    attempt_facts attempt;
    attempt.server_address = "stock-1";
    attempt.server_port = 8080;
    attempt.peer_address = "10.0.0.9";
    attempt.peer_port = 8080;
    attempt.status = 200;
    attempt.finished = attempt.started + std::chrono::milliseconds{3};
    return attempt;
}

}  // namespace outrider::exchange
