#include "sidecar/http/problem.hpp"

#include "sidecar/exchange/access_log.hpp"

namespace outrider::http {
namespace {

using exchange::failure_code;

struct wire {
    int status;
    std::string_view proxy_error;
};

/// RFC 9209 2.3 names the errors.
wire wire_of(failure_code code) {
    switch (code) {
        case failure_code::none:
            return {200, ""};
        case failure_code::malformed_request:
            return {400, "http_request_error"};
        case failure_code::request_timeout:
            return {408, "http_request_error"};
        case failure_code::client_gone:
            return {400, "http_request_error"};
        case failure_code::loop_detected:
            return {508, "proxy_loop_detected"};
        case failure_code::misdirected:
            return {421, "http_request_error"};
        case failure_code::unknown_host:
            return {403, "http_request_denied"};
        case failure_code::destination_refused:
            return {403, "destination_ip_prohibited"};
        case failure_code::overloaded:
            return {503, "proxy_internal_response"};
        case failure_code::draining:
            return {503, "proxy_internal_response"};
        case failure_code::unresolvable:
            return {503, "dns_error"};
        case failure_code::connect_refused:
            return {502, "connection_refused"};
        case failure_code::connect_timeout:
            return {504, "connection_timeout"};
        case failure_code::tls_failed:
            return {502, "tls_certificate_error"};
        case failure_code::upstream_closed:
            return {502, "connection_terminated"};
        case failure_code::upstream_malformed:
            return {502, "http_protocol_error"};
        case failure_code::upstream_timeout:
            return {504, "http_response_timeout"};
        case failure_code::upstream_truncated:
            return {502, "http_response_incomplete"};
        case failure_code::total_timeout:
            return {504, "http_response_timeout"};
    }
    return {500, "proxy_internal_error"};
}

}  // namespace

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 414:
            return "URI Too Long";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 431:
            return "Request Header Fields Too Large";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 508:
            return "Loop Detected";
        default:
            return "Error";
    }
}

local_answer answer_for(const exchange::failure& why, std::string detail) {
    auto [status, error] = wire_of(why.code);
    local_answer out;
    out.status = status;
    out.title = reason_phrase(status);
    out.detail = std::move(detail);
    out.proxy_error = error;
    return out;
}

void write_answer(std::string& out, const local_answer& answer, std::string_view trace_id, std::string_view date,
                  bool head_only, std::string_view connection) {
    std::string body;
    if (answer.status >= 400) {
        body = "{\"type\":\"about:blank\",\"title\":";
        exchange::append_json_string(body, answer.title);
        body += ",\"status\":" + std::to_string(answer.status) + ",\"detail\":";
        exchange::append_json_string(body, answer.detail);
        if (!trace_id.empty()) {
            body += ",\"trace_id\":";
            exchange::append_json_string(body, trace_id);
        }
        body += "}\n";
    }
    out += "HTTP/1.1 " + std::to_string(answer.status) + " ";
    out.append(answer.title.empty() ? reason_phrase(answer.status) : answer.title);
    out += "\r\nDate: ";
    out.append(date);
    out += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    if (!body.empty()) out += "Content-Type: application/problem+json\r\n";
    if (!answer.allow.empty()) out += "Allow: " + answer.allow + "\r\n";
    if (!answer.proxy_error.empty()) {
        out += "Proxy-Status: outrider; error=";
        out.append(answer.proxy_error);
        out += "\r\n";
    }
    if (!connection.empty()) {
        out += "Connection: ";
        out.append(connection);
        out += "\r\n";
    }
    out += "\r\n";
    if (!head_only) out += body;
}

}  // namespace outrider::http
