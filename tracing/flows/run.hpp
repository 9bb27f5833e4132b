#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tracing/ids.hpp"

namespace outrider::flows {

/// Nanoseconds of Unix time, as spans have them.
using unix_ns = std::int64_t;
inline constexpr unix_ns never = std::numeric_limits<unix_ns>::max();

/// An event that happened: one span.
struct occurrence {
    std::uint32_t event = 0;    ///< index among flow::events
    std::uint32_t service = 0;  ///< whose sidecar told of it
    std::uint64_t teller = 0;   ///< a hash of service and instrument: what two of them tell of is one event, not two
    unix_ns start = 0, end = 0;
    unix_ns arrived = 0;
    tracing::trace_id trace;
    tracing::span_id span;
};

enum class fault_kind : std::uint8_t { stuck, late, missing, duplicate, out_of_order, lost_compensation };
inline constexpr std::size_t fault_kinds = 6;
const char* name_of(fault_kind kind);

/// Something that is not as a flow says.
struct fault {
    fault_kind kind = fault_kind::stuck;
    std::uint16_t step = 0;     ///< as flow::step_at numbers them
    std::uint16_t ordinal = 0;  ///< tells several of one kind and step apart
    std::uint32_t event = 0;    ///< that came too often or at the wrong time
    std::uint32_t other = 0;    ///< that it came before, after or besides
    unix_ns deadline = 0;       ///< what made it a fault was known then, were nothing in transit
    unix_ns at = 0;             ///< of the event, where there is one

    bool same(const fault& as) const { return kind == as.kind && step == as.step && ordinal == as.ordinal; }
};

/// How far a run is.
enum class run_state : std::uint8_t { running, completed, compensated };

/// A step that was reached.
struct reached_step {
    std::uint16_t step = 0;
    unix_ns at = 0;
    std::int64_t took_ns = -1;  ///< since the step before; less than nothing: there is none
};

/// What can be said about a run at one moment.
struct judgement {
    run_state state = run_state::running;
    bool started = false;  ///< its first step was seen
    unix_ns done = 0;      ///< of a run that is not running any more
    unix_ns next = never;  ///< when it has to be looked at again, unless an event comes before
    std::optional<std::uint16_t> waits_for;
    std::vector<fault> faults;
    std::vector<reached_step> reached;

    void clear();
};

}  // namespace outrider::flows
