#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "sidecar/net/asio.hpp"
#include "sidecar/net/http_client.hpp"

namespace outrider::net {

/// The request's head, or empty when a field can't be written.
std::string request_head(const http_request& request, const std::string& user_agent);

/// Status and fields of an answer.
http_response head_of(const boost::beast::http::header<false, boost::beast::http::fields>& from);
http_response convert(boost::beast::http::response<boost::beast::http::string_body>&& from);

/// What becomes of a failure to read an answer.
/// @param seen     what lies unread in the buffer
/// @param in_head  the head was not complete yet
http_error describe_read_failure(const error_code& ec, std::string_view seen, bool in_head, const std::string& peer);

}  // namespace outrider::net
