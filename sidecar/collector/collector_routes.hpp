#pragma once

#include "sidecar/collector/answer_shelf.hpp"
#include "sidecar/collector/chain_api.hpp"
#include "sidecar/collector/chain_pipeline.hpp"
#include "sidecar/collector/dashboard_pages.hpp"
#include "sidecar/collector/flow_api.hpp"
#include "sidecar/collector/otlp_ingest.hpp"
#include "sidecar/collector/query_api.hpp"
#include "sidecar/collector/sidecar_api.hpp"
#include "sidecar/collector/trace_store.hpp"
#include "sidecar/net/http_server_guard.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// Bounds and rules of a collector's listener.
struct route_options {
    std::uint64_t request_bytes = 64ULL << 20;   ///< the largest request once unpacked
    std::uint64_t decoded_bytes = 128ULL << 20;  ///< the most its decoded spans may take
    std::uint64_t answer_bytes = 64ULL << 20;    ///< of stored spans in one answer to a search
    std::string listen_host = "127.0.0.1";       ///< on loopback, reads ask for an allowed Host
    std::vector<std::string> hosts;
};

/// All paths of the collector, without a socket: ingestion, queries, the dashboard, its own health and metrics.
class collector_routes {
  public:
    /// @param log, forward, flows  may be null: there is none
    collector_routes(trace_store& store, chain_pipeline& pipeline, const route_options& options, query_api::clock now,
                     const span_log* log = nullptr, const chain_forwarder* forward = nullptr,
                     const flow_watch* flows = nullptr);

    net::server_response handle(const net::server_request& request);

  private:
    net::server_response read(const net::server_request& request);
    net::server_response chains(const net::server_request& request);
    std::string metrics() const;

    trace_store& store_;
    chain_pipeline& pipeline_;
    const span_log* const log_;
    const chain_forwarder* const forward_;
    otlp_ingest ingest_;
    query_api queries_;
    chain_api chains_;
    sidecar_api sidecars_;
    const flow_watch* const expected_;
    flow_api flows_;
    dashboard_pages dashboard_;
    answer_shelf answers_;
    net::host_guard hosts_;
    bool guarded_;
};

}  // namespace outrider::collector
