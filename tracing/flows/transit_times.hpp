#pragma once

#include <span>
#include <vector>

#include "tracing/flows/flow.hpp"
#include "tracing/flows/run.hpp"

namespace outrider::flows {

/// How long after a deadline a span of each step may still be on its way: by what its events usually need, and by how
/// late they came in the last half minute.
class transit_times {
  public:
    explicit transit_times(const flow& of);

    /// An event has arrived that long after its end.
    void learn(const occurrence& one);
    /// What spans need now.
    void advance(unix_ns now);
    std::span<const std::int64_t> by_step() const { return by_step_; }
    /// How long to wait for what else comes as late as this one did; 0 when it came in time.
    std::int64_t hold_after(const occurrence& one) const;

  private:
    struct lag {
        std::int64_t ns = 0;
        unix_ns since = 0;
    };

    const std::int64_t usual_, margin_;
    std::vector<lag> lags_;                           ///< by event
    std::vector<std::vector<std::uint32_t>> events_;  ///< by step
    std::vector<std::int64_t> by_step_;
};

}  // namespace outrider::flows
