#pragma once

#include <string>
#include <string_view>

namespace outrider::tracing {

/// Text that a terminal only shows: control characters (C0, C1, DEL), line separators and what changes the direction of
/// writing or joins invisibly become escapes such as \n, \x1b, \u202e; what is no UTF-8 becomes U+FFFD.
/// @param ascii  everything beyond ASCII becomes '?'
std::string printable(std::string_view text, bool ascii);

/// How many columns a terminal uses for printable text: wide East Asian characters and emoji take two, combining marks
/// none.
std::size_t columns(std::string_view text);

/// Cut or padded with spaces to exactly so many columns; a cut text ends in an ellipsis.
std::string fit(std::string_view text, std::size_t width, bool ascii);

}  // namespace outrider::tracing
