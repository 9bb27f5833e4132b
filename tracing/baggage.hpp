#pragma once

#include <string_view>

namespace outrider::tracing {

inline constexpr std::size_t baggage_members = 64;  ///< W3C Baggage, section 3.3.2
inline constexpr std::size_t baggage_bytes = 8192;

/// The longest beginning of a `baggage` value that ends with a whole member and stays within both limits. The members
/// themselves are passed through unread.
std::string_view baggage_within_limits(std::string_view value);

}  // namespace outrider::tracing
