#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/collector/span_log.hpp"
#include "tracing/span_batch.hpp"

namespace outrider::collector {

/// What became of the spans of a request.
struct intake_result {
    bool taken = false;         ///< and safe, as far as a store was asked for; otherwise it is worth another try later
    std::uint64_t dropped = 0;  ///< of those taken: their trace was too large already
    std::string reason{};       ///< why it was not taken
};

/// Takes decoded spans over, before their sender is told so.
class intake {
  public:
    virtual ~intake() = default;
    /// An empty one to decode a request into, or one that was used before.
    virtual std::unique_ptr<tracing::span_batch> spare_batch() = 0;
    /// @param body  the request that they were in, unpacked
    virtual intake_result take(std::unique_ptr<tracing::span_batch> spans, log_row encoding, std::string_view body) = 0;
};

}  // namespace outrider::collector
