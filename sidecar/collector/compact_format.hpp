#pragma once

#include <cstdint>
#include <string_view>

namespace outrider::collector::compact {

// What writing and reading a span have in common, see compact_span.hpp.

/// What a span has, in its presence byte.
enum presence : unsigned {
    has_parent = 1,
    has_flags = 2,
    has_tracestate = 4,
    has_message = 8,
    has_dropped = 16,
    has_attributes = 32,
    has_events = 64,
    has_links = 128,
};

/// The type of a value, in the shape of its list.
enum class value_type : unsigned { none, text, no, yes, whole, real, bytes, array, map };

inline constexpr unsigned deepest = 32;  // decoders of what comes in stop earlier

// The last two bits in front of a text.
inline constexpr std::uint64_t is_number = 1, is_beginning = 2;

/// A tracestate of only this and the parent's id is what sidecars hand on.
inline constexpr std::string_view own_name = "outrider=";

}  // namespace outrider::collector::compact
