#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tracing/ids.hpp"

namespace outrider::tracing {

inline constexpr std::uint8_t flag_sampled = 0x01;
inline constexpr std::uint8_t flag_random = 0x02;

/// What one process tells the next about the trace.
struct span_context {
    trace_id trace;
    span_id span;
    std::uint8_t flags = 0;
    bool debug = false;  ///< B3 and Jaeger debug: implies sampled
    bool valid() const { return trace.valid() && span.valid(); }
    bool sampled() const { return (flags & flag_sampled) != 0; }
};

/// The header fields of a message that can carry a context, as views into it; empty when absent.
/// A field that a message carried twice where one is allowed is marked in `repeated_traceparent`.
struct context_fields {
    std::string_view traceparent;
    bool repeated_traceparent = false;
    std::array<std::string_view, 4> tracestate{};  ///< lines in order; further ones set tracestate_overflow
    std::uint8_t tracestate_lines = 0;
    bool tracestate_overflow = false;
    std::string_view b3;
    std::string_view b3_trace_id, b3_span_id, b3_parent_span_id, b3_sampled, b3_flags;
    std::string_view uber_trace_id;
    std::string_view request_id;  ///< x-request-id: joins as a last resort when it is a UUID
    std::string_view baggage;
};

enum class context_format { none, w3c, b3_single, b3_multi, jaeger, request_id };

/// What was found in the fields of a message.
struct extracted {
    context_format format = context_format::none;
    span_context parent;  ///< invalid when none; format request_id names only the trace, b3 maybe only a decision
    bool sampling_decided = false;                 ///< the caller said yes or no
    bool bad = false;                              ///< a context was there, but malformed: start anew, drop tracestate
    std::array<std::string_view, 4> tracestate{};  ///< lines to hand on; empty when dropped
    std::uint8_t tracestate_lines = 0;
};

enum class format : std::uint8_t { tracecontext = 1, b3 = 2, b3multi = 4, jaeger = 8 };

/// A set of formats that are read and written.
struct propagators {
    std::uint8_t formats = 1;  ///< bits of `format`, those that are written; every format is read, in TRACING's order
    bool baggage = true;
};

/// Reads the first usable context: traceparent first, then b3, X-B3-*, uber-trace-id, x-request-id.
/// A malformed traceparent ends the search (W3C: start a new trace); a malformed field of another format is passed
/// over, and `bad` is set when none of the later ones was usable. A malformed tracestate is dropped whole, its
/// traceparent kept.
extracted extract(const context_fields& fields);

/// Appends the header lines ("name: value\r\n") that carry `own` on: traceparent, tracestate with our member leftmost
/// (when `member` is not empty), and the other configured formats.
/// @param incoming  the tracestate lines handed on
/// @param member    the value of our own tracestate member `outrider`: the last exported span's id in hex, or empty:
/// then
///                  tracestate is handed on untouched
/// @param ot        what the sampler wants the member `ot` to be: empty removes it, nothing leaves it alone
void inject(std::string& out, propagators which, const span_context& own, const extracted& incoming,
            std::string_view member, std::optional<std::string_view> ot = std::nullopt);

}  // namespace outrider::tracing
