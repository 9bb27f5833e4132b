#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "governance/clock.hpp"
#include "governance/outcome.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// A circuit breaker over all workers; any thread.
///
///     closed --(consecutive | failures | slow)--> open --(time)--> half_open --(probes succeed)--> ramp --(time)-->
///     closed
///                                                  ^                   |                            |
///                                                  '---(a probe fails, or its lease ends)-----------'
///
/// Every change of state begins a new generation; what an older generation reports changes nothing. There is no timer:
/// the breaker moves on when it is asked, looked at or reported to, by the time that it is given.
///
/// - closed: asking is one atomic load, a report of success one compare-and-swap.
/// - half_open: a probe holds a lease; one that is never reported fails when the lease ends, so a half-open breaker
///   cannot stick: an upstream that answers again is called again within open + probe_lease, whatever became of the
///   probes. Until one has succeeded they begin one `open` apart, so an upstream that takes calls and answers none
///   holds up few callers, and its return is noticed while earlier probes still hang. Then as many as are missing.
/// - ramp: a share of the calls that grows evenly over the time of the ramp, from a tenth. Judged as when closed.
class breaker {
  public:
    enum class state : std::uint8_t { closed, open, half_open, ramp };

    breaker(const breaker_rule& rule, time_point created);
    ~breaker();
    breaker(const breaker&) = delete;
    breaker& operator=(const breaker&) = delete;

    /// Leave to call once; reported, or abandoned, exactly once.
    struct leave {
        bool granted = false;
        bool probe = false;
        std::uint32_t generation = 0;
        std::uint32_t lease = 0;  ///< of a probe
        nanoseconds wait{0};      ///< refused: until it is worth asking again; 0: not known (forced open)
    };
    leave ask(time_point now);
    /// @param how   `ignored` gives a probe's place back and says nothing about the upstream
    /// @param took  compared with slow_over; of success and failure
    void report(const leave& given, outcome how, nanoseconds took, time_point now);

    /// Held so until it is set to another: by policy, or by the admin API. `metrics` counts and changes state, but
    /// refuses nothing. What was forced open and is let go of is probed first, as after any other opening.
    void force(breaker_force how, time_point now);

    struct view {
        breaker::state state = state::closed;
        breaker_force forced = breaker_force::none;
        std::string why;       ///< of the last opening: "5 failures in a row", "62% of 34 calls failed in 10s", ...
        nanoseconds since{0};  ///< in this state
        std::uint32_t generation = 0;
        std::uint32_t calls = 0, failures = 0, slow = 0;  ///< in the window
        std::uint64_t openings = 0;
    };
    view look(time_point now) const;

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

std::string_view name_of(breaker::state which);

}  // namespace outrider::governance
