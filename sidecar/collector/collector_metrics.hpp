#pragma once

#include <string>

#include "sidecar/collector/chain_forwarder.hpp"
#include "sidecar/collector/chain_pipeline.hpp"
#include "sidecar/collector/otlp_ingest.hpp"
#include "sidecar/collector/sidecar_api.hpp"
#include "sidecar/collector/span_log.hpp"
#include "sidecar/collector/trace_store.hpp"

namespace outrider::collector {

// What /metrics says of each part, appended in Prometheus' text format.

void append_store_metrics(std::string& out, const store_counters& now);
void append_ingest_metrics(std::string& out, const ingest_counters& now);
void append_pipeline_metrics(std::string& out, const pipeline_counters& now);
void append_sidecar_metrics(std::string& out, const std::array<std::uint64_t, card_states>& by_state,
                            const push_counters& pushes);
void append_log_metrics(std::string& out, const span_log::stats& now);
void append_forward_metrics(std::string& out, const chain_forwarder::counters& now);

}  // namespace outrider::collector
