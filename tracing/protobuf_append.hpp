#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace outrider::tracing::protobuf {

/// The wire types of protobuf that OTLP uses.
enum class wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// A field's tag, for field numbers up to 15: one byte.
constexpr char tag(unsigned field, wire type) { return static_cast<char>(field << 3 | static_cast<unsigned>(type)); }

constexpr std::size_t varint_size(std::uint64_t value) {
    return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

/// The size of a length-delimited field with a one-byte tag.
constexpr std::size_t field_size(std::size_t content) { return 1 + varint_size(content) + content; }

/// Room for `size` more bytes at the end of `out`; all of it must then be written.
inline char* grow(std::string& out, std::size_t size) {
    auto begin = out.size();
    out.resize(begin + size);
    return out.data() + begin;
}

inline char* put_varint(char* to, std::uint64_t value) {
    while (value >= 0x80) {
        *to++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *to++ = static_cast<char>(value);
    return to;
}

/// Four bytes whatever the value (below 2^28): legal protobuf, so that a length can be patched in afterwards.
inline void put_padded_varint(char* to, std::uint32_t value) {
    for (int i = 0; i < 3; ++i, value >>= 7) to[i] = static_cast<char>(value | 0x80);
    to[3] = static_cast<char>(value & 0x7f);
}

template <class Integer>
char* put_fixed(char* to, Integer value) {
    for (std::size_t i = 0; i < sizeof value; ++i) to[i] = static_cast<char>(value >> 8 * i);
    return to + sizeof value;
}

/// memcpy for the few bytes that most names and values have: two loads that overlap instead of a call.
inline char* put_raw(char* to, const void* data, std::size_t size) {
    const auto* from = static_cast<const char*>(data);
    auto both_ends = [&]<std::size_t Half>(std::integral_constant<std::size_t, Half>) {
        std::array<char, Half> first, last;
        std::memcpy(first.data(), from, Half);
        std::memcpy(last.data(), from + size - Half, Half);
        std::memcpy(to, first.data(), Half);
        std::memcpy(to + size - Half, last.data(), Half);
    };
    if (size > 32) {
        std::memcpy(to, from, size);
    } else if (size >= 16) {
        both_ends(std::integral_constant<std::size_t, 16>{});
    } else if (size >= 8) {
        both_ends(std::integral_constant<std::size_t, 8>{});
    } else if (size >= 4) {
        both_ends(std::integral_constant<std::size_t, 4>{});
    } else {
        for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
    }
    return to + size;
}

inline char* put_bytes(char* to, char field_tag, const void* data, std::size_t size) {
    *to++ = field_tag;
    to = put_varint(to, size);
    return put_raw(to, data, size);
}

inline char* put_bytes(char* to, char field_tag, std::string_view text) {
    return put_bytes(to, field_tag, text.data(), text.size());
}

}  // namespace outrider::tracing::protobuf
