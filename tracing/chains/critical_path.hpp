#pragma once

#include <cstdint>
#include <vector>

#include "tracing/chains/chain.hpp"

namespace outrider::tracing {

/// From when to when; never backwards.
struct time_range {
    std::uint64_t start = 0, end = 0;
    std::uint64_t length() const { return end - start; }
};

/// When each row was, on one clock as far as that can be told: nothing begins before what caused it, and a request that
/// was answered within its call lies within it, whatever the other machine's clock says.
/// @param parents  of parents_of()
std::vector<time_range> row_times(const chain& one, const std::vector<std::size_t>& parents);

/// A stretch of time that the whole chain waited for one row.
struct critical_stretch {
    std::size_t row = 0;
    time_range when;
};

/// What the chain's duration is made of: from the end backwards always what returned last. A call counts up to its
/// return; what a consumer does with a record counts although the sender does not wait for it. Stretches do not
/// overlap, and are in the order of time.
std::vector<critical_stretch> critical_path(const chain& one, const std::vector<std::size_t>& parents,
                                            const std::vector<time_range>& times);

}  // namespace outrider::tracing
