#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracing/flows/flow_set.hpp"

namespace outrider::flows {

/// All flows with what has been counted of their steps, and the faults told last:
///
///     {"flows":[{"name","description","expect","by","running","completed","compensated","faulty","abandoned","evicted",
///       "steps":[{"name","compensates","withinNano","reached","waiting","p50Nano","p95Nano","faults":{"stuck",...}}],
///       "recent":[{"kind","step","run","chain","atUnixNano","toldUnixNano","deadlineUnixNano","text","open",
///                  "retracted"}]}],
///      "runs","bytes"}
///
/// The fault told last stands first. `faults` of a step are without those that were retracted.
std::string flows_json(const flow_set& of);

/// One run: what came, when, and what is wrong; nothing where the flow or the run is not known.
///
///     {"flow","run","chain","state":"waiting|stuck|running|completed|compensated|faulty|abandoned","waitsFor",
///       "steps":[{"name","reached","atUnixNano","tookNano","withinNano"}],
///       "events":[{"name","service","startUnixNano","endUnixNano","arrivedUnixNano","trace","span"}],
///       "faults":[{"kind","step","deadlineUnixNano","toldUnixNano","text","open","retracted"}],"leftOut"}
std::optional<std::string> run_json(const flow_set& of, std::string_view flow, std::string_view run, unix_ns now);

}  // namespace outrider::flows
