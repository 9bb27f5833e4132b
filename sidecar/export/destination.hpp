#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/settings.hpp"
#include "sidecar/net/asio.hpp"

namespace outrider::exporting {

/// Spans of one resource that leave together. The views live until the outcome is known.
struct shipment {
    std::string_view resource;  ///< an encoded Resource; empty: the spans come from many, and say so themselves
    /// Encoded ScopeSpans.spans entries, in pieces; without a resource: resource_spans entries of one span each.
    std::vector<std::string_view> entries;
    std::uint32_t spans = 0;
};

enum class delivery_result {
    delivered,    ///< taken over, except `rejected_spans` of them
    rejected,     ///< refused for good
    unavailable,  ///< try again later
};

/// What became of a shipment.
struct delivery_outcome {
    delivery_result result = delivery_result::unavailable;
    std::uint64_t rejected_spans = 0;
    std::optional<std::chrono::milliseconds> retry_after{};  ///< the receiver's wish
    std::string text{};                                      ///< for the log; empty when all is well
    bool misconfigured = false;                              ///< only a change of the configuration will help
};

/// Where spans go. Used by the sender's thread only, one shipment at a time.
class destination {
  public:
    virtual ~destination() = default;
    virtual net::awaitable<delivery_outcome> deliver(const shipment& spans,
                                                     std::chrono::steady_clock::time_point deadline) = 0;
    /// Ends a delivery under way, as unavailable.
    virtual void cancel() = 0;
    /// For the log.
    virtual std::string name() const = 0;
};

/// OTLP over HTTP, as protobuf or JSON. @throws std::runtime_error for a bad URL or bad TLS files
std::unique_ptr<destination> make_otlp_destination(net::asio::io_context& context, const config::tracing& settings);

/// OTLP's JSON, one request per line, appended to a file.
std::unique_ptr<destination> make_file_destination(net::asio::io_context& context, const config::tracing& settings);

}  // namespace outrider::exporting
