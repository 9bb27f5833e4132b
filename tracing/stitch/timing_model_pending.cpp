#include "tracing/stitch/timing_model.hpp"

namespace outrider::tracing {

// Knows nothing yet.

struct timing_model::state {};

timing_model::timing_model() = default;
timing_model::~timing_model() = default;
timing_model::timing_model(timing_model&&) noexcept = default;
timing_model& timing_model::operator=(timing_model&&) noexcept = default;

std::vector<timing_guess> timing_model::match(std::span<const entered_span>, std::span<const left_span> left) {
    std::vector<timing_guess> guesses(left.size());
    for (std::uint32_t i = 0; i < left.size(); ++i) guesses[i].left = i;
    return guesses;
}

std::size_t timing_model::memory() const { return sizeof *this; }

}  // namespace outrider::tracing
