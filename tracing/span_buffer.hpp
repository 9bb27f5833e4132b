#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace outrider::tracing {

/// Spans on their way from a worker to the exporter: concatenated OTLP `ScopeSpans.spans` entries.
struct span_chunk {
    std::string bytes;
    std::uint32_t spans = 0;
    /// When the first of them was opened: no span of the chunk is older.
    std::chrono::steady_clock::time_point oldest;
};

/// What one worker finished and the exporter has not taken yet. One producer (the worker), one consumer (the exporter's
/// thread), no lock on either side: chunks travel through two single-producer single-consumer rings, full ones out,
/// empty ones back. When every chunk is full, a span is dropped and counted: a worker never waits.
///
///     worker: open, close -> ... -> flush (every 100 ms)      exporter: take -> ... -> give_back
///
/// Chunks are allocated when they are first needed, and freed again by give_back beyond a few spares.
class span_buffer {
  public:
    /// @param chunks       how many chunks there are at most
    /// @param chunk_bytes  a chunk is handed over when it holds this much
    explicit span_buffer(std::size_t chunks = 128, std::size_t chunk_bytes = 64 * 1024);
    ~span_buffer();
    span_buffer(const span_buffer&) = delete;
    span_buffer& operator=(const span_buffer&) = delete;

    // The worker's side.

    /// Where the next span is to be encoded (append only), or null when the span has to be dropped (counted here). The
    /// pointer is good until close() or the next open(); a span that was opened and never closed leaves no trace.
    std::string* open();
    /// The span opened last is complete.
    void close();
    /// Hands a partly filled chunk over. Not between open() and close().
    void flush();

    // The exporter's side.

    /// The oldest handed-over chunk, or null.
    std::unique_ptr<span_chunk> take();
    /// Returns a chunk, whose string may have been swapped for another.
    void give_back(std::unique_ptr<span_chunk> chunk);

    // Any thread.

    std::uint64_t finished() const;  ///< spans closed
    std::uint64_t dropped() const;   ///< spans refused by open()

  private:
    struct rings;
    std::unique_ptr<rings> rings_;
};

}  // namespace outrider::tracing
