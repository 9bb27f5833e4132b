#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/config/settings.hpp"
#include "sidecar/export/export_stats.hpp"
#include "tracing/span_buffer.hpp"

namespace outrider::exporting {

/// Times and bounds that no setting names. A span is on disk `journal_age` plus about one poll after its end.
struct export_tuning {
    std::chrono::milliseconds busy_poll{50};     ///< between looks into the workers' buffers while spans come in
    std::chrono::milliseconds idle_poll{100};    ///< the same when none do
    std::chrono::milliseconds journal_age{350};  ///< what isn't delivered by then is written to the spool
    std::chrono::milliseconds first_backoff{500};
    std::chrono::milliseconds longest_backoff{5'000};
    std::chrono::milliseconds spool_retry{1'000};      ///< after a failed write
    std::chrono::milliseconds adoption_every{60'000};  ///< looks for folders that other processes left
    std::size_t memory_bytes = 16 << 20;               ///< waiting spans, when there is no disk to put them
    std::size_t request_bytes = 4 << 20;               ///< one request, uncompressed
    std::uint32_t batches_per_request = 16;            ///< when there is a backlog
    /// The buffers hold spans of many resources: each is a whole `ExportTraceServiceRequest.resource_spans` entry.
    bool many_resources = false;
};

/// Delivers the spans that workers finish, as the folder's README describes: two threads of its own, the sender and the
/// disk's, neither of which a worker ever waits for.
class span_exporter {
  public:
    /// @param buffers  one per worker; they outlive the exporter
    /// @throws std::runtime_error when the endpoint's URL or its TLS files are unusable
    span_exporter(const config::settings& settings, std::vector<tracing::span_buffer*> buffers,
                  export_tuning tuning = {});
    ~span_exporter();  ///< stop() without patience
    span_exporter(const span_exporter&) = delete;
    span_exporter& operator=(const span_exporter&) = delete;

    void start();

    /// Delivers what there is until the deadline; what remains is spooled, and dropped only if that isn't possible. The
    /// workers must have flushed their buffers before. Blocks at most a little longer than `patience`.
    void stop(std::chrono::milliseconds patience);

    /// Consistent within itself; any thread.
    export_stats stats() const;

  private:
    class state;
    std::shared_ptr<state> state_;
};

}  // namespace outrider::exporting
