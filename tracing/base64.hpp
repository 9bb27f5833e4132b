#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outrider::tracing {

/// Standard base64 with padding (RFC 4648, section 4), as JSON carries bytes.
std::string encode_base64(std::string_view bytes);

/// Reads the standard and the URL-safe alphabet, padded or not, as protobuf's JSON mapping asks; nothing when
/// malformed.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace outrider::tracing
