#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/collector/trace_store.hpp"
#include "sidecar/collector/usual_outcomes.hpp"
#include "sidecar/config/settings.hpp"
#include "sidecar/export/span_exporter.hpp"
#include "tracing/span_buffer.hpp"

namespace outrider::collector {

/// Where chains go and which of them.
struct forward_options {
    std::string url;  ///< base of OTLP/HTTP; empty: nowhere
    std::vector<std::pair<std::string, std::string>> headers;
    config::tls_client tls;
    bool gzip = true;
    std::string spool;  ///< a folder for what cannot be delivered; empty: in memory only
    std::uint64_t spool_bytes = 256ULL << 20;
    double share = 1;                  ///< of the chains that are neither failed, slow nor stuck
    std::chrono::nanoseconds slow{0};  ///< a chain that took as long is kept always; 0: none
};

/// Why a chain goes on.
enum class keep_reason { sampled, error, slow, stuck, none };
std::string_view name_of(keep_reason reason);

/// Whether the share takes this chain in: by its id alone, so that every collector says the same.
bool share_takes(const tracing::trace_id& chain, double share);

/// Brings settled chains to a receiver, each as one trace, through the exporter that sidecars use. Of one thread, but
/// for what is counted.
class chain_forwarder {
  public:
    /// @throws std::runtime_error when the URL or the TLS files are unusable
    explicit chain_forwarder(forward_options options);
    ~chain_forwarder();

    /// Forwards what is new of the chain, or not.
    /// @param spans  the chain as one trace
    /// @param usual  what comes of records elsewhere
    /// @return whether its spans are on their way
    bool take(const settled_chain& settled, const std::vector<tracing::span_data>& spans, std::uint64_t now_unix_ns,
              const usual_outcomes& usual);
    /// What was taken is handed over: about every 100 ms.
    void flush();
    void stop(std::chrono::milliseconds patience);

    /// Any thread.
    struct counters {
        std::array<std::uint64_t, 5> chains{};  ///< by keep_reason; `none` are those sampled out
        std::uint64_t sampled_out_spans = 0, late_spans = 0, taken_spans = 0;
        exporting::export_stats delivery;
    };
    counters read() const;

  private:
    keep_reason reason_to_keep(const std::vector<tracing::span_data>& spans, const tracing::trace_id& id,
                               std::uint64_t now_unix_ns, const usual_outcomes& usual) const;
    void send(tracing::span_data span);

    const forward_options options_;
    tracing::span_buffer buffer_;
    std::unique_ptr<exporting::span_exporter> exporter_;
    std::array<std::atomic<std::uint64_t>, 5> chains_{};
    std::atomic<std::uint64_t> sampled_out_{0}, late_{0}, taken_{0};
};

}  // namespace outrider::collector
