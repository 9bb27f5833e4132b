#pragma once

#include <cstdint>
#include <string>

#include "governance/clock.hpp"

namespace outrider::governance {

/// Why a breaker opened, or an endpoint was ejected. Kept as numbers and made into words when somebody looks, so that
/// the decision itself allocates nothing.
struct reason {
    enum class kind : std::uint8_t { none, in_a_row, failures, slow, probe_failed, probes_slow, probe_lost, forced };
    kind of = kind::none;
    std::uint32_t part = 0, whole = 0;  ///< calls or probes
    milliseconds within{0};             ///< the window; of a lost probe its lease
    milliseconds over{0};               ///< what is slow

    explicit operator bool() const { return of != kind::none; }
    /// "5 failures in a row", "62% of 34 calls failed in 10s", "81% of 40 calls took over 400ms in 10s", "a probe
    /// failed", "2 of 3 probes took over 400ms", "a probe did not report within 10s", "forced open"; none: "".
    std::string text() const;
};

}  // namespace outrider::governance
