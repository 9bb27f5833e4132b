#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::net {

/// Eight hex digits that tell texts apart which nobody chose to collide (FNV-1a): names of instances, versions.
inline std::string short_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ULL;
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (int shift = 28; shift >= 0; shift -= 4) out.push_back(digits[hash >> shift & 15]);
    return out;
}

}  // namespace outrider::net
