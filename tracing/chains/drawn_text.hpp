#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::tracing {

/// Three significant digits, in the unit in which one reads them: "7.95 ms", "3m 20s".
/// @param ascii  "us" for microseconds
std::string time_text(std::uint64_t ns, bool ascii = false);

/// "1 span", "2 spans".
std::string plural(std::size_t count, std::string_view noun);

/// A count per second: "0.12/s", "240/s".
std::string rate_text(double per_second);

/// A number of 0 to 1 with two digits.
std::string share_text(double share);

/// A name from outside as a drawing shows it: printable, cut after so many columns with an ellipsis.
std::string short_name(std::string_view name, std::size_t most, bool ascii = false);

/// Filled up with spaces on its left.
std::string right_aligned(const std::string& text, std::size_t width);

}  // namespace outrider::tracing
