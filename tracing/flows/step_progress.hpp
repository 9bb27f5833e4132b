#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tracing/flows/flow.hpp"
#include "tracing/flows/run.hpp"

namespace outrider::flows {

/// All occurrences of a run by event. Of each event those count that one teller tells of, the one who tells of most:
/// what an application's own instrument says beside the sidecar is no second event.
class event_tally {
  public:
    /// @param all  by their start; has to outlive what is asked
    void read(std::size_t events, std::span<const occurrence> all);
    std::span<const occurrence* const> of(std::size_t event) const { return by_event_[event]; }

  private:
    void keep_one_teller(std::vector<const occurrence*>& of);

    std::vector<std::vector<const occurrence*>> by_event_;
    std::vector<std::pair<std::uint64_t, std::size_t>> tellers_;
};

/// How far a step is.
struct step_progress {
    const alternative* way = nullptr;   ///< that was reached, or of which most has come
    bool reached = false;               ///< also when nothing need come
    std::uint32_t events = 0;           ///< that came, of any of its alternatives
    const occurrence* first = nullptr;  ///< the earliest of them
    const occurrence* last = nullptr;   ///< the latest of its way
    unix_ns done = 0;                   ///< the end of the last event that was needed
    unix_ns settled = 0;                ///< the start of that
};

/// @param goes_on  something came that belongs to a later step: an alternative that ends the run is less likely meant
step_progress progress_of(const step& one, const event_tally& tally, bool goes_on);

}  // namespace outrider::flows
