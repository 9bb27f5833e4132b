#pragma once

#include <cstddef>
#include <string>

namespace outrider::test {

/// What is asked of one kind of traffic at one load, in percent.
struct accuracy_bound {
    double whole = 0, coverage = 0;  ///< at least
    double wrong = 0.5;              ///< of the links of confidence 0.9 and over, at most
};

/// What spans say beside their times: how many requests were open, as sidecars always do, and perhaps values of
/// messages.
enum class said : std::size_t { times, values };

/// Which of the loads 1.6, 4.3, 7.7 and 14.4 is nearest.
std::size_t load_index(double in_flight);

/// What is asked of every kind.
accuracy_bound asked_at(std::size_t load_index);
/// What a kind must keep, be it less than what is asked.
accuracy_bound kept_by(const std::string& kind, std::size_t load_index, said facts);
/// Why a kind is short of what is asked of all; empty when nobody knows yet.
std::string reason_of(const std::string& kind, said facts);

std::string short_number(double value);

}  // namespace outrider::test
