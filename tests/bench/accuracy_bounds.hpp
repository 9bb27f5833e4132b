#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace outrider::test {

/// What is asked of one kind of traffic at one load, in percent.
struct accuracy_bound {
    double whole = 0, coverage = 0;  ///< at least
    double wrong = 0.5;              ///< of the links of confidence 0.9 and over, at most
};

/// Which of the loads 1.6, 4.3, 7.7 and 14.4 is nearest.
std::size_t load_index(double in_flight);

/// The same for every kind, but where the truth is not in the data: there the bound is what is, and the reason stands
/// beside it.
accuracy_bound bounds_of(const std::string& kind, std::size_t load_index);

/// Why a kind has bounds of its own.
std::vector<std::string> reasons_of(const std::string& kind);

std::string short_number(double value);

}  // namespace outrider::test
