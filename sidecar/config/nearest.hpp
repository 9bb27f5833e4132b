#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outrider::config {

/// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) to `word`; empty when none is
/// near enough to have been meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'X'?" with the nearest candidate, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace outrider::config
