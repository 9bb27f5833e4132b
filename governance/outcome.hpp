#pragma once

#include <cstdint>

namespace outrider::governance {

/// How an attempt or an exchange ended, as far as rules learn from it.
enum class outcome : std::uint8_t {
    success,
    failure,  ///< the upstream's: no connection, no answer, 5xx
    ignored,  ///< says nothing about the upstream: the client left, or we refused
};

}  // namespace outrider::governance
