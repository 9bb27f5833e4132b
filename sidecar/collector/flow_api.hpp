#pragma once

#include <string_view>

#include "sidecar/collector/flow_watch.hpp"
#include "sidecar/collector/query_api.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// Expected flows as JSON (tracing/flows/flow_json.hpp):
///
///     GET /api/flows
///     GET /api/flows/{name}/runs/{run}
class flow_api {
  public:
    /// @param flows  null: there are none
    flow_api(const flow_watch* flows, query_api::clock now) : flows_(flows), now_(std::move(now)) {}

    /// Whether it is one of these paths.
    static bool serves(std::string_view path);
    net::server_response handle(const net::server_request& request) const;
    std::uint64_t version() const { return flows_ == nullptr ? 0 : flows_->version(); }

  private:
    const flow_watch* const flows_;
    query_api::clock now_;
};

}  // namespace outrider::collector
