#pragma once

#include <nlohmann/json.hpp>

#include "governance/clock.hpp"
#include "sidecar/http/data_path.hpp"

namespace outrider::app {

/// The upstreams with several endpoints, or discovered ones, and what is known of each: latency, what is under way,
/// whether it is ejected, why and for how much longer, and whether probes found it down.
nlohmann::json endpoints_json(const http::shared_setup& setup, governance::time_point now);

}  // namespace outrider::app
