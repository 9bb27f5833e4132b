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
/// Every change of state begins a new generation; what an older generation reports changes nothing.
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
        nanoseconds wait{0};      ///< refused: until it is worth asking again
    };
    leave ask(time_point now);
    void report(const leave& given, outcome how, nanoseconds took, time_point now);

    /// Held so until it is set to none: by policy, or by the admin API.
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
