#pragma once

#include <cstdint>
#include <functional>

#include "sidecar/collector/trace_store.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// Reads of the store in the JSON of Jaeger's query service (`/api/...`), so that its UI and our tools read both alike.
///
/// A trace is shown with the whole chain that it belongs to, as one trace; `raw=true` shows it as it came.
///
///     {"data": ..., "total": n, "limit": 0, "offset": 0, "errors": null | [{"code": 404, "msg": "trace not found"}]}
class query_api {
  public:
    using clock = std::function<std::uint64_t()>;  ///< Unix time in nanoseconds
    /// @param most_bytes  of stored spans in one answer to a search
    query_api(const trace_store& store, std::uint64_t most_bytes, clock now);

    /// GET of any path below /api; what is not there is a 404 in Jaeger's shape.
    net::server_response handle(const net::server_request& request) const;

  private:
    net::server_response trace(const std::string& id, bool raw) const;
    net::server_response traces(const net::header_list& parameters) const;
    net::server_response named_traces(const trace_query& query, bool raw) const;
    net::server_response found_chains(const trace_query& query) const;
    stored_trace shown(const tracing::trace_id& id, bool raw) const;
    net::server_response services() const;
    net::server_response operations_by_path(const std::string& service) const;
    net::server_response operations(const net::header_list& parameters) const;

    const trace_store& store_;
    const std::uint64_t most_bytes_;
    clock now_;
};

}  // namespace outrider::collector
