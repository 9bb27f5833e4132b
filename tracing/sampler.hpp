#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tracing/context.hpp"
#include "tracing/ot_member.hpp"
#include "tracing/rate_gate.hpp"

namespace outrider::tracing {

enum class sampler_kind { always_on, always_off, trace_id_ratio, rate_limited };

/// Which sampler is wanted, in plain values.
struct sampler_settings {
    sampler_kind kind = sampler_kind::always_on;
    bool parent_based = true;  ///< a caller's decision is kept; `kind` decides where there is none
    double argument = 1.0;     ///< trace_id_ratio: probability from 0 to 1; rate_limited: traces a second
};

/// Reads the names of OTEL_TRACES_SAMPLER (`always_on`, `always_off`, `traceidratio`, each also `parentbased_*`) and
/// ours: `rate_limited`, `parentbased_rate_limited`. Nothing for an unknown name.
std::optional<sampler_settings> parse_sampler(std::string_view name, double argument);

/// Whether a trace is sampled, and what that makes of the tracestate member `ot`.
struct sampling_decision {
    bool sampled = false;
    std::optional<std::string> ot;  ///< for `inject`: the new value, empty to remove it, nothing to leave it alone
};

/// Decides at the head of a trace. One object serves all workers: only the rate limit has a state, and that is one
/// atomic word.
class sampler {
  public:
    using time_point = rate_gate::time_point;

    explicit sampler(const sampler_settings& settings);

    /// @param trace  the trace that the span will be in, new or continued
    /// @param from   what the request carried; an empty one for a new trace
    sampling_decision decide(const trace_id& trace, const extracted& from, time_point now) const;

  private:
    sampling_decision decide_root(const trace_id& trace, const extracted& from, time_point now) const;

    sampler_settings settings_;
    std::optional<sampling_bits> threshold_;  ///< of the ratio; nothing when the probability is 0
    mutable rate_gate gate_;
};

/// The threshold of a probability, rounded to four significant hex digits as OpenTelemetry's samplers do, so that `th`
/// stays short; nothing when the probability is too small to keep any trace.
std::optional<sampling_bits> threshold_of(double probability);

}  // namespace outrider::tracing
