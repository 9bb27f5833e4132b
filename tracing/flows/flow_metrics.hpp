#pragma once

#include <string>

#include "tracing/flows/flow_set.hpp"

namespace outrider::flows {

/// What /metrics says of flows, appended in Prometheus' text format: at most 1,000 series for each name, the rest
/// together as flow="other".
void append_flow_metrics(std::string& out, const flow_set& of);

}  // namespace outrider::flows
