#pragma once

#include <optional>

#include "sidecar/net/address.hpp"

namespace outrider::net {

/// Where the peer of an accepted connection wanted to go, when a REDIRECT rule of the kernel brought it here
/// (SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST).
/// @return nothing when no rule did: it came to this listener's own address
std::optional<tcp_endpoint> original_destination(int descriptor);

}  // namespace outrider::net
