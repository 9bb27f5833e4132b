#pragma once

#include <cstdint>
#include <string_view>

#include <boost/system/result.hpp>

#include "sidecar/http/authority.hpp"
#include "sidecar/http/head.hpp"

namespace outrider::http {

/// How a body is delimited (RFC 9112 6.3).
enum class body_kind : std::uint8_t { none, length, chunked, until_close };

struct framing {
    body_kind kind = body_kind::none;
    std::uint64_t length = 0;  ///< with `length`; may be 0
};

/// RFC 9112 3.2.
enum class target_form : std::uint8_t { origin, absolute, authority, asterisk };

/// What a request asks for, checked before a byte of it is forwarded.
struct request_facts {
    framing body;
    target_form form = target_form::origin;
    authority host;                 ///< of the target if it names one, else of Host; empty for HTTP/1.0 without Host
    std::string_view path;          ///< path and query in origin-form, "*" for OPTIONS *, empty for CONNECT
    bool https = false;             ///< absolute-form with https
    bool keep_alive = true;         ///< the client's wish (9.3)
    bool expects_continue = false;  ///< RFC 9110 10.1.1
    bool upgrade_websocket = false;
    bool conflicting_host = false;  ///< absolute-form and Host disagree: the target wins (3.2.2)
};

/// Judges a request as a whole: target form, Host, framing, expectation; marks hop-by-hop fields as dropped.
/// @return the facts, or in `error` the first rule that it breaks
head_error check_request(request_head& head, request_facts& out);

/// What an answer brings with it.
struct response_facts {
    framing body;
    bool keep_alive = true;  ///< whether the connection may carry another exchange
    bool has_date = false;
    bool switches_protocol = false;
};

/// Judges a response to a request of that method; marks hop-by-hop fields as dropped.
head_error check_response(response_head& head, std::string_view request_method, response_facts& out);

/// Methods whose repetition has the effect of one (RFC 9110 9.2.2).
bool is_idempotent(std::string_view method);

}  // namespace outrider::http
