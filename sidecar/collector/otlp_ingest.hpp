#pragma once

#include <atomic>
#include <cstdint>

#include "sidecar/collector/intake.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// What came in. Written by the server's thread, read by any.
struct ingest_counters {
    std::atomic<std::uint64_t> accepted{0};        ///< requests answered 200
    std::atomic<std::uint64_t> malformed{0};       ///< requests answered 400: nothing that could be decoded
    std::atomic<std::uint64_t> too_large{0};       ///< requests answered 413
    std::atomic<std::uint64_t> unsupported{0};     ///< requests answered 415
    std::atomic<std::uint64_t> postponed{0};       ///< requests answered 503, worth another try
    std::atomic<std::uint64_t> rejected_spans{0};  ///< spans without valid ids
};

/// `POST /v1/traces`: OTLP/HTTP in protobuf and JSON, plain or packed, answered in the encoding of the request as the
/// OTLP specification says: 200 with an ExportTraceServiceResponse (partial_success when spans were not kept), else a
/// Status. What is refused with 4xx is refused for good: sending it again would not help. 503 asks for just that.
class otlp_ingest {
  public:
    /// @param most_bytes   the largest request once unpacked
    /// @param most_memory  the most its decoded spans may take
    otlp_ingest(intake& into, std::uint64_t most_bytes, std::uint64_t most_memory)
        : into_(into), most_bytes_(most_bytes), most_memory_(most_memory) {}

    net::server_response handle(const net::server_request& request);
    const ingest_counters& counters() const { return counters_; }

  private:
    enum class encoding { protobuf, json };

    net::server_response take(encoding in, std::string_view body);
    net::server_response refuse(encoding in, unsigned status, std::string_view message);
    net::server_response postpone(encoding in, std::string_view message);
    static net::server_response status_answer(encoding in, unsigned status, int code, std::string_view message);

    intake& into_;
    const std::uint64_t most_bytes_;
    const std::uint64_t most_memory_;
    ingest_counters counters_;
};

}  // namespace outrider::collector
