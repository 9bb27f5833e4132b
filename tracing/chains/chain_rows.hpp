#pragma once

#include <cstddef>
#include <vector>

#include "tracing/chains/chain.hpp"

namespace outrider::tracing {

/// No row.
inline constexpr std::size_t no_row = static_cast<std::size_t>(-1);

/// For each row of a chain the row that it hangs from, or no_row.
std::vector<std::size_t> parents_of(const chain& one);

/// It asked another service and waited for an answer; nothing about messages.
bool is_call(const span_data& span);

}  // namespace outrider::tracing
