#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outrider::intercept {

/// What the first bytes of a client are.
enum class first_words : std::uint8_t {
    unsure,    ///< the beginning of one of those below
    http,      ///< a request line of HTTP/1 with a path (origin-form), or `OPTIONS *`
    not_ours,  ///< HTTP that is meant for whom it is sent to: CONNECT, absolute-form to a proxy, HTTP/2's preface
    tls,       ///< a ClientHello
    kafka,     ///< the header of a Kafka request
    other,
};

/// As many bytes as are looked at; what is still unsure then is decided by them.
inline constexpr std::size_t most_first_bytes = 512;

/// @param seen  at most most_first_bytes; anything may be in there
first_words judge_first_words(std::string_view seen);

}  // namespace outrider::intercept
