// How well and how fast causes are found by time alone on the hotel data, at all loads and raised up to sixteen times.
// Fails where a threshold is missed: the unit test of the same, under sanitizers, has the lowest load alone.
#include <chrono>
#include <cstdio>

#include "tests/support/hotel_spans.hpp"

int main() {
    using namespace outrider::test_support;
    bool reached = true;
    for (const int load : {25, 50, 75}) {
        for (const auto& asked : hotel_thresholds) {
            const auto spans = hotel_spans(load, asked.squeeze);
            const auto begin = std::chrono::steady_clock::now();
            const auto score = score_hotel(spans);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            std::printf("%s | %.0f spans/s from cold\n", hotel_line(load, asked.squeeze, score).c_str(),
                        static_cast<double>(spans.size()) / took.count());
            const auto shortfall = hotel_shortfall(asked, score);
            if (!shortfall.empty()) std::printf("FAILED: %s", shortfall.c_str());
            reached = reached && shortfall.empty();
        }
    }
    return reached ? 0 : 1;
}
