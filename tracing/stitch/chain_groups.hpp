#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "tracing/stitch/decision.hpp"

namespace outrider::tracing {

/// Which traces are one chain. A chain is named by the trace of its first root: the one that has no cause. Decisions
/// that would close a circle are refused.
class chain_groups {
  public:
    /// @return whether any trace has another chain now
    bool apply(const decision& known);
    /// The name of the chain that the trace belongs to; the trace itself when it is alone.
    trace_id chain_of(const trace_id& trace) const;
    /// All traces of the chain that this trace belongs to, itself included.
    std::vector<trace_id> traces_of(const trace_id& trace) const;
    void forget(const trace_id& trace);

  private:
    std::map<trace_id, std::map<span_id, trace_id>> causes_;  ///< of the roots of a trace: the trace of each cause
    std::map<trace_id, std::vector<trace_id>> effects_;
};

}  // namespace outrider::tracing
