#pragma once

#include <atomic>
#include <cstdint>

#include "sidecar/collector/trace_store.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// What came in. Written by the server's thread, read by any.
struct ingest_counters {
    std::atomic<std::uint64_t> accepted{0};        ///< requests answered 200
    std::atomic<std::uint64_t> refused{0};         ///< requests answered 4xx
    std::atomic<std::uint64_t> rejected_spans{0};  ///< spans without valid ids
};

/// `POST /v1/traces`: OTLP/HTTP in protobuf and JSON, plain or packed, answered in the encoding of the request as the
/// OTLP specification says: 200 with an ExportTraceServiceResponse (partial_success when spans were not kept), else a
/// Status. What is refused here is refused for good (4xx except 429): sending it again would not help.
class otlp_ingest {
  public:
    /// @param most_bytes   the largest request once unpacked
    /// @param most_memory  the most its decoded spans may take
    otlp_ingest(trace_store& store, std::uint64_t most_bytes, std::uint64_t most_memory)
        : store_(store), most_bytes_(most_bytes), most_memory_(most_memory) {}

    net::server_response handle(const net::server_request& request);
    const ingest_counters& counters() const { return counters_; }

  private:
    enum class encoding { protobuf, json };

    net::server_response take(encoding in, std::string_view body);
    net::server_response refuse(encoding in, unsigned status, std::string_view message);

    trace_store& store_;
    const std::uint64_t most_bytes_;
    const std::uint64_t most_memory_;
    ingest_counters counters_;
};

}  // namespace outrider::collector
