#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/settings.hpp"
#include "sidecar/exchange/facts.hpp"
#include "sidecar/exchange/open_exchanges.hpp"
#include "sidecar/exchange/span_times.hpp"
#include "tracing/capture/capture_plan.hpp"
#include "tracing/context.hpp"
#include "tracing/sampler.hpp"
#include "tracing/span_buffer.hpp"
#include "tracing/span_encoder.hpp"

namespace outrider::exchange {

/// An exchange's place in a trace, from its start.
struct started_span {
    tracing::span_context own;
    tracing::span_id parent;        ///< invalid: a root
    tracing::span_context link;     ///< valid when the caller's trace is linked to, not continued
    tracing::extracted incoming;    ///< what is handed on besides
    std::optional<std::string> ot;  ///< what the sampler makes of the tracestate member `ot`
    /// How many exchanges towards the application were open when this one began, which may be its causes.
    std::optional<std::int64_t> inbound_open;
    bool recorded = false;  ///< sampled, or a collector gets it all the same
};

/// What every worker's tracer shares, fixed while running.
struct tracing_setup {
    explicit tracing_setup(const config::settings& settings);
    tracing::sampler sampler;
    tracing::propagators propagators;
    std::vector<std::string> redacted;  ///< names of query parameters whose values are hidden
    tracing::capture_plan capture;      ///< what is kept of messages
    bool enabled = true;
    bool collects = false;  ///< a collector gets every span, whatever the sampler decides
    std::unique_ptr<open_exchanges> inbound = std::make_unique<open_exchanges>();  ///< of all workers, if it collects
};

/// The tracing of one worker: starts spans from what a message carried, writes contexts into heads, and finishes spans
/// into the buffer that the exporter drains. Only its worker calls it.
class tracer {
  public:
    tracer(const tracing_setup& setup, tracing::span_buffer* sink) : setup_(setup), sink_(sink) {}

    /// The place of a new exchange: continues, links to or ignores the caller's context, as `trust` says.
    started_span start(const tracing::context_fields& carried, config::trust trust, steady_clock::time_point now);
    /// The place of another attempt of the same exchange: the same trace and parent, a span of its own.
    started_span another(const started_span& first);

    /// Appends the header lines that hand `span` on.
    void inject(std::string& head, const started_span& span) const;

    /// Whether the fields of these formats are ours to write, so that the message's own are dropped.
    const tracing::propagators& written() const { return setup_.propagators; }

    bool enabled() const { return setup_.enabled; }
    const tracing::capture_plan& capture() const { return setup_.capture; }

    /// Of a call that leaves the process: notes what may be its cause, where no context says so.
    void note_candidates(started_span& span) const {
        if (setup_.collects && !span.parent.valid()) span.inbound_open = setup_.inbound->count();
    }

    void finish_server(const started_span& span, const http_facts& facts);
    void finish_client(const started_span& span, const http_facts& facts, const attempt_facts& attempt);
    /// Beside the spans of attempts, which had ended by then: that a fallback answered in their place.
    void finish_fallback(const started_span& span, const http_facts& facts);

    /// Hands what is finished to the exporter; called every 100 ms.
    void flush() {
        if (sink_) sink_->flush();
    }

  private:
    static void decisions(tracing::span_encoder& out, const http_facts& facts, const failure& why, const times& when);
    void common(tracing::span_encoder& out, const http_facts& facts, int status, const failure& why, bool client);
    static void chain(tracing::span_encoder& out, const started_span& span, const http_facts& facts);
    std::string_view received_member(const started_span& span);
    std::string_view redacted_query(std::string_view query);

    const tracing_setup& setup_;
    tracing::span_buffer* sink_;
    tracing::id_generator ids_;
    std::string scratch_;
    std::string redaction_;
};

}  // namespace outrider::exchange
