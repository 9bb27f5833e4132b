#include "tracing/capture/siphash.hpp"

namespace outrider::tracing {

hash_key hash_key_of(std::string_view secret) {
    constexpr hash_key first{0x6f75747269646572, 0x6563686f}, second{0x6f75747269646572, 0x6563686f32};
    return {siphash(first, secret), siphash(second, secret)};
}

}  // namespace outrider::tracing
