#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outrider::net {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// A whole request as a handler of `http_server` sees it; it names no type of Beast.
struct server_request {
    std::string method;   ///< as sent, case kept
    std::string target;   ///< as sent
    std::string path;     ///< still percent-encoded, begins with '/' (or is "*")
    std::string query;    ///< after '?', still percent-encoded
    std::string host;     ///< authority of an absolute target, else the Host field; empty for HTTP/1.0 without one
    header_list headers;  ///< names in lower case, in the order received
    std::string body;     ///< transfer coding removed, content coding kept

    /// The first field of this (lower case) name.
    std::optional<std::string_view> header(std::string_view name) const;
    /// How many field lines of this (lower case) name there are.
    std::size_t count(std::string_view name) const;
};

/// What a handler answers. `http_server` adds the framing fields and drops the body for HEAD.
struct server_response {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";  ///< empty: no Content-Type field
    std::string body;
    header_list headers;
};

/// An RFC 9457 problem body with the status' own title.
server_response problem(unsigned status, std::string_view detail);

/// 405 with the Allow field that RFC 9110 15.5.6 requires, e.g. "GET, HEAD".
server_response method_not_allowed(std::string_view allow);

/// The media type of a Content-Type value: lower case, without parameters and spaces.
std::string media_type(std::string_view content_type);

/// The parameters of a query string in order, decoded; malformed escapes are kept as they are.
header_list query_parameters(std::string_view query);

/// The segments between the slashes of a path, decoded ("/a/b%2Fc" is "a", "b/c"); nothing when an escape is malformed.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

}  // namespace outrider::net
