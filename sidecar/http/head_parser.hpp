#pragma once

#include <string_view>

#include "sidecar/http/head.hpp"

namespace outrider::http {

enum class parse_state : std::uint8_t { complete, incomplete, bad };

struct parse_outcome {
    parse_state state;
    head_error error = head_error::none;
};

struct head_limits {
    std::size_t head_bytes = 65'536;
    std::size_t target_bytes = 16'384;
    std::size_t fields = 128;
};

/// Parses a request head at the start of `input`, in place and in one pass. Strict by RFC 9112: what is ambiguous is
/// refused. At most two empty lines before it are skipped (2.2). `incomplete` asks for more bytes and keeps nothing:
/// call again with all of them; the outcome never depends on where the input was split.
parse_outcome parse_request_head(std::string_view input, const head_limits& limits, request_head& out);

/// Likewise for a response head.
parse_outcome parse_response_head(std::string_view input, const head_limits& limits, response_head& out);

}  // namespace outrider::http
