#pragma once

#include <cstddef>
#include <vector>

#include "tracing/chains/chain.hpp"

namespace outrider::tracing {

/// No row.
inline constexpr std::size_t no_row = static_cast<std::size_t>(-1);

/// For each row of a chain the row that it hangs from, or no_row.
std::vector<std::size_t> parents_of(const chain& one);

}  // namespace outrider::tracing
