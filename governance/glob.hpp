#pragma once

#include <string_view>

namespace outrider::governance {

/// Whether `name` is what `glob` stands for: `*` is any characters, everything else itself. Linear but for the last
/// star.
bool fits(std::string_view glob, std::string_view name);

inline bool is_glob(std::string_view text) { return text.find('*') != std::string_view::npos; }

}  // namespace outrider::governance
