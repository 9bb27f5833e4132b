#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace outrider::tracing {

/// 128 secret bits.
using hash_key = std::array<std::uint64_t, 2>;

/// SipHash-2-4 (Aumasson, Bernstein 2012): who does not know the key can neither tell the value nor choose collisions.
std::uint64_t siphash(const hash_key& key, std::string_view text);

/// A key from a secret text of any length.
hash_key hash_key_of(std::string_view secret);

}  // namespace outrider::tracing
