#include "sidecar/net/http_client_message.hpp"

#include <boost/beast/http/error.hpp>

namespace outrider::net {
namespace {

namespace http = boost::beast::http;

bool has_line_break(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::size_t body_bytes(const http_request& request) {
    std::size_t total = 0;
    for (const auto part : request.body) total += part.size();
    return total;
}

/// Recognizes what answers that is no HTTP/1.1: a frame header of HTTP/2's SETTINGS on stream 0, or a record of TLS.
http_failure classify_malformed(std::string_view bytes) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() >= 9 && byte(0) == 0 && byte(3) == 4 && (byte(5) | byte(6) | byte(7) | byte(8)) == 0)
        return http_failure::http2_peer;
    if (bytes.size() >= 3 && (byte(0) == 0x15 || byte(0) == 0x16) && byte(1) == 3) return http_failure::tls_peer;
    return http_failure::malformed;
}

http_error describe_malformed(std::string_view bytes, const std::string& peer, const error_code& ec) {
    const auto failure = classify_malformed(bytes);
    if (failure == http_failure::http2_peer) return {failure, peer + " speaks HTTP/2, as gRPC does, not HTTP/1.1"};
    if (failure == http_failure::tls_peer) return {failure, peer + " speaks TLS: use https"};
    return {failure, peer + " does not answer in HTTP/1.1: " + ec.message()};
}

bool of_the_transport(const error_code& ec) {
    return ec.category() != make_error_code(http::error::bad_version).category() || ec == http::error::end_of_stream ||
           ec == http::error::partial_message;
}

}  // namespace

std::string request_head(const http_request& request, const std::string& user_agent) {
    if (has_line_break(request.url.target) || has_line_break(request.method)) return {};
    std::string head = request.method + " " + request.url.target + " HTTP/1.1\r\nHost: " + request.url.authority() +
                       "\r\nUser-Agent: " + user_agent + "\r\n";
    for (const auto& [name, value] : request.headers) {
        if (name.empty() || name.find(':') != std::string::npos || has_line_break(name) || has_line_break(value))
            return {};
        head += name + ": " + value + "\r\n";
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
        head += "Content-Length: " + std::to_string(body_bytes(request)) + "\r\n";
    return head + "\r\n";
}

http_response head_of(const http::header<false, http::fields>& from) {
    http_response out;
    out.status = from.result_int();
    for (const auto& field : from)
        out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    return out;
}

http_response convert(http::response<http::string_body>&& from) {
    auto out = head_of(from.base());
    out.body = std::move(from.body());
    return out;
}

http_error describe_read_failure(const error_code& ec, std::string_view seen, bool in_head, const std::string& peer) {
    if (ec == http::error::body_limit || ec == http::error::header_limit || ec == http::error::buffer_overflow)
        return {http_failure::too_large, "exchange with " + peer + ": the answer is too large"};
    if (in_head && !seen.empty() && (!of_the_transport(ec) || classify_malformed(seen) != http_failure::malformed))
        return describe_malformed(seen, peer, ec);
    return {http_failure::broken, "exchange with " + peer + ": " + ec.message()};
}

}  // namespace outrider::net
