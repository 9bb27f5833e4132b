#pragma once

#include <cstddef>
#include <string_view>

namespace outrider::config {

/// The length of `bytes` up to the first one that is not UTF-8 or is a control character other than tab and line ends.
std::size_t clean_prefix(std::string_view bytes);

/// The number of characters in valid UTF-8.
std::size_t characters(std::string_view text);

}  // namespace outrider::config
