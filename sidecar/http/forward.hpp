#pragma once

#include <string>
#include <string_view>

#include "sidecar/exchange/tracer.hpp"
#include "sidecar/http/framing.hpp"
#include "sidecar/http/head.hpp"
#include "tracing/context.hpp"

namespace outrider::http {

/// The trace context fields of a message.
tracing::context_fields context_of(const field_list& fields);

/// What a forwarded request says besides the caller's own words.
struct request_rewrite {
    std::string_view host;    ///< replaces Host; empty: the caller's stays
    std::string_view via;     ///< our member of Via, or empty: none is added
    std::string_view client;  ///< appended to X-Forwarded-For (inbound); empty: the forwarding fields stay untouched
    std::string_view
        timeout_ms{};  ///< what is left of the exchange's time, replaces x-outrider-timeout-ms; empty: it stays
    std::string_view grpc_timeout{};  ///< replaces grpc-timeout; empty: it stays
    bool trust_forwarded = false;     ///< keep the caller's X-Forwarded-* and Forwarded
    bool upgrade = false;             ///< ask for a WebSocket
    bool drop_expect = false;         ///< the body goes along, or the client is HTTP/1.0
    bool trailers = false;            ///< the body is chunked
    bool add_request_id = false;      ///< the caller gave none: the trace's, so that logs and traces name the same
    bool drop_context = false;        ///< no trace context of the caller's is believed: none goes on, in any format
};

/// Builds the head that goes upstream at the end of `out`: end-to-end fields in their order and spelling, framing as
/// judged, Via, X-Forwarded-*, and the trace context.
void build_request(std::string& out, const request_head& head, const request_facts& facts,
                   const request_rewrite& rewrite, const exchange::tracer& tracer, const exchange::started_span& span);

/// How an answer is delimited towards the client.
struct response_rewrite {
    bool chunked = false;        ///< the body is sent chunked (an unknown length, to HTTP/1.1)
    bool drop_length = false;    ///< Content-Length must not stand (1xx, 204)
    bool close = false;          ///< this is the last exchange of the connection
    bool keep_alive_10 = false;  ///< an HTTP/1.0 client asked for keep-alive and gets it
    bool upgrade = false;        ///< 101
    std::string_view via;
    std::string_view date;  ///< added when not empty
};

/// Builds the head that goes to the client at the end of `out`.
void build_response(std::string& out, const response_head& head, const response_rewrite& rewrite);

/// The trailer lines that may be passed on: well-formed, and none that frames, routes, authenticates or describes the
/// body (RFC 9110 6.5.1). @return false when a line is malformed
bool filter_trailers(std::string_view trailers, std::string& out);

}  // namespace outrider::http
