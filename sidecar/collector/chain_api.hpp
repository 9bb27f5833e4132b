#pragma once

#include <cstdint>
#include <functional>

#include "sidecar/collector/digest_shelf.hpp"
#include "sidecar/collector/query_api.hpp"
#include "sidecar/collector/trace_store.hpp"
#include "sidecar/net/http_server_message.hpp"
#include "tracing/chains/topology.hpp"

namespace outrider::collector {

/// Chains and what they say together, as JSON:
///
///     GET /api/chains?key=order=4711&service=&error=true&stuck=true&minDuration=1s&maxDuration=&q=&start=&end=&limit=
///     GET /api/chains/{id of any of its traces}     the stitched spans as OTLP/JSON
///                                  ?as=rows         as a tree with what was found in it, tracing::chain_json
///                                  ?as=flow         as a flow chart, tracing::graph_json
///     GET /api/topology?since=15m                   tracing::topology_json
///     GET /api/history?since=15m                    traffic_history::json
class chain_api {
  public:
    /// What is known of the last while.
    struct sources {
        std::function<tracing::topology_view(std::chrono::nanoseconds since)> topology;
        std::function<std::string(std::chrono::nanoseconds since)> history;  ///< JSON
    };
    /// @param most_bytes  of stored spans in one answer
    chain_api(const trace_store& store, digest_shelf& digests, std::uint64_t most_bytes, query_api::clock now,
              sources of);

    /// Whether it is one of these paths.
    static bool serves(std::string_view path);
    net::server_response handle(const net::server_request& request) const;

  private:
    net::server_response chain(const std::string& id, const net::header_list& parameters) const;
    net::server_response chains(const net::header_list& parameters) const;
    net::server_response of_a_while(bool topology, const net::header_list& parameters) const;

    const trace_store& store_;
    digest_shelf& digests_;
    const std::uint64_t most_bytes_;
    query_api::clock now_;
    sources sources_;
};

}  // namespace outrider::collector
