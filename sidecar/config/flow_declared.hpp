#pragma once

#include <vector>

#include "sidecar/config/schema.hpp"
#include "tracing/flows/flow.hpp"

namespace outrider::config {

/// What a file of flows holds.
struct flow_file {
    std::vector<flows::flow_text> flows;
};

/// The root of a file of flows: a section over flow_file.
const setting& declared_flows();

}  // namespace outrider::config
