#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace outrider::http {

/// Host and port of a Host field or of a target in authority- or absolute-form; views into the message.
struct authority {
    std::string_view host;  ///< IPv6 without its brackets
    bool ipv6 = false;
    std::optional<std::uint16_t> port;
    std::string_view text;  ///< as received
};

/// RFC 3986 3.2.2 and 3.2.3 without user information. An empty text is a valid authority with an empty host.
/// @return none when the text breaks the grammar
std::optional<authority> parse_authority(std::string_view text);

}  // namespace outrider::http
