#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace outrider::test_support {

/// A span of the hotel application; microseconds became nanoseconds.
struct hotel_span {
    bool entered = false;
    std::string service, operation, trace;
    std::string span;   ///< entered: its own id. Left: the id of its cause, which entered the same service
    std::string child;  ///< left: the id of what it became in the called service
    std::int64_t start_ns = 0, end_ns = 0;
};

/// One file of tests/data/event-chains, by start.
/// @param load     25, 50 or 75
/// @param squeeze  how many times shorter the time between the beginnings of two traces is
std::vector<hotel_span> hotel_spans(int load, int squeeze);

/// What was made of them. Links are of two kinds: within a service, and between two.
struct hotel_score {
    double in_flight = 0;
    /// Both kinds, within, between: whole traces right, links of confidence 0.9 and over, wrong ones among those.
    struct part {
        double whole = 0, covered = 0, wrong = 0;
    };
    part all, within, between;
};
hotel_score score_hotel(const std::vector<hotel_span>& spans);

/// What is asked, by how many times the load was raised.
struct hotel_threshold {
    int squeeze;
    hotel_score::part within, all;
};
extern const std::array<hotel_threshold, 4> hotel_thresholds;

/// One line, for people.
std::string hotel_line(int load, int squeeze, const hotel_score& score);

/// What of it falls short, empty if nothing does.
std::string hotel_shortfall(const hotel_threshold& asked, const hotel_score& score);

}  // namespace outrider::test_support
