#pragma once

#include <string>
#include <string_view>

#include "sidecar/config/settings.hpp"

namespace outrider::config {

/// What reading a value gave: nothing when it went well, else what is wrong and what to write instead.
using complaint = std::string;

/// "127.0.0.1:8080", "[::1]:8080", "localhost:8080". A host is required: ":8080" would leave open whether it means
/// every interface. Port 0 is allowed only for listeners (any free port).
complaint parse_listen(std::string_view text, endpoint& out);
complaint parse_target(std::string_view text, endpoint& out);

/// "stock-1:8080", "[::1]:8080", "https://pay.example", "http://stock"; default ports 80 and 443.
complaint parse_upstream_endpoint(std::string_view text, upstream_endpoint& out);

std::string to_text(const upstream_endpoint& member);

/// 127.0.0.0/8, ::1 or localhost.
bool is_loopback(const endpoint& address);
/// 0.0.0.0 or ::.
bool is_any(const endpoint& address);

}  // namespace outrider::config
