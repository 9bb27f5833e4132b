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
        case failure_code::deadline_exceeded:
            return {504, "http_response_timeout"};
        // 2.3.17: refused by configuration, nothing was forwarded. RFC 6585 4 gives the status.
        case failure_code::rate_limited:
            return {429, "http_request_denied"};
        // 2.3.12: a bound on what is under way towards the next hop.
        case failure_code::concurrency_limited:
            return {503, "connection_limit_reached"};
        // 2.3.4: recent attempts at the next hop have failed; or nobody is known to be there.
        case failure_code::circuit_open:
        case failure_code::no_endpoint:
            return {503, "destination_unavailable"};
        // The same: a health check says that it is down.
        case failure_code::application_unhealthy:
            return {503, "destination_unavailable"};
    }
    return {500, "proxy_internal_error"};
}

}  // namespace

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 202:
            return "Accepted";
        case 203:
            return "Non-Authoritative Information";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
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
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
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
            return status < 400 ? "Other" : "Error";
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

namespace {

std::string problem_of(const local_answer& answer, std::string_view trace_id) {
    std::string out = "{\"type\":";
    exchange::append_json_string(out, answer.type.empty() ? std::string_view{"about:blank"} : answer.type);
    out += ",\"title\":";
    exchange::append_json_string(out, answer.title);
    out += ",\"status\":" + std::to_string(answer.status) + ",\"detail\":";
    exchange::append_json_string(out, answer.detail);
    out += answer.members;
    if (!trace_id.empty()) {
        out += ",\"trace_id\":";
        exchange::append_json_string(out, trace_id);
    }
    out += "}\n";
    return out;
}

void add_line(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void write_answer(std::string& out, const local_answer& answer, std::string_view trace_id, std::string_view date,
                  bool head_only, std::string_view connection) {
    bool is_problem = !answer.has_content && answer.status >= 400;
    std::string problem;
    if (is_problem) problem = problem_of(answer, trace_id);
    std::string_view body = is_problem ? problem : answer.content;
    out += "HTTP/1.1 " + std::to_string(answer.status) + " ";
    out.append(answer.title.empty() ? reason_phrase(answer.status) : answer.title);
    out += "\r\n";
    if (!answer.dated) add_line(out, "Date", date);
    // RFC 9110 8.6: neither has a body, and no length.
    bool never_a_body = answer.status == 204 || answer.status == 304;
    if (!never_a_body) add_line(out, "Content-Length", std::to_string(body.size()));
    add_line(out, "Content-Type", is_problem ? std::string_view{"application/problem+json"} : answer.content_type);
    add_line(out, "Allow", answer.allow);
    if (!answer.proxy_error.empty()) out.append("Proxy-Status: outrider; error=").append(answer.proxy_error) += "\r\n";
    out += answer.fields;
    add_line(out, "Connection", connection);
    out += "\r\n";
    if (!head_only && !never_a_body) out += body;
}

}  // namespace outrider::http
