#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sidecar/exchange/facts.hpp"
#include "sidecar/exchange/span_times.hpp"
#include "sidecar/exchange/tracer.hpp"
#include "tracing/context.hpp"
#include "tracing/span_buffer.hpp"

namespace outrider::tracing {
class group_capture;
}

namespace outrider::exchange {

/// What a policy did with one operation; empty where none did anything.
struct messaging_ruling {
    std::string_view policy, rule;
    std::string_view decision;     ///< "throttled", "refused", ...
    std::int64_t throttle_ms = 0;  ///< how long the client was told to stay silent
};

/// The plain facts of one operation on a messaging system; views live as long as the call.
struct messaging_facts {
    std::string_view topic;
    std::optional<std::int32_t> partition;  ///< when the operation concerns exactly one
    std::optional<std::int64_t> offset;     ///< of the first message
    std::uint64_t messages = 0;             ///< told when it is more than one
    std::string_view client_id;
    std::string_view group;
    std::string_view server_address;  ///< the broker's
    std::uint16_t server_port = 0;
    std::string_view cluster;  ///< the id that it gives itself; empty: not known yet
    /// How many exchanges towards the application were open when it began.
    std::optional<std::int64_t> inbound_open;
    const tracing::group_capture* captured = nullptr;  ///< what the messages said for chains; null: nothing
    std::string_view error;                            ///< the protocol's name of the error; empty: none
    std::string_view error_text;                       ///< the error in words; empty: its name says it
    bool retriable = false;                            ///< the client may send the same again
    messaging_ruling ruling;
    steady_clock::time_point started;
    steady_clock::time_point finished;
};

/// The spans of messaging (OpenTelemetry's messaging conventions; TRACING.md), of one worker.
class message_tracer {
  public:
    message_tracer(const tracing_setup& setup, tracing::span_buffer* sink) : setup_(setup), sink_(sink) {}

    bool enabled() const { return setup_.enabled && sink_ != nullptr; }
    /// Whether a span of this context is written.
    bool records(const tracing::span_context& own) const { return enabled() && (own.sampled() || setup_.collects); }
    const tracing::capture_plan& capture() const { return setup_.capture; }
    /// The tracestate that goes into messages with this context; empty: none.
    std::string member_of(const tracing::span_context& own) const;
    /// How many exchanges towards the application are open; nothing without a collector.
    std::optional<std::int64_t> candidates() const {
        return setup_.collects ? std::optional{setup_.inbound->count()} : std::nullopt;
    }

    /// A context below `parent`: the same trace, the parent's decision when the sampler heeds it.
    tracing::span_context below(const tracing::span_context& parent, steady_clock::time_point now);
    /// A trace of its own.
    tracing::span_context root(steady_clock::time_point now);
    /// A trace whose ids follow from something that both sides know. The decision follows from the trace id alone for
    /// every sampler but the rate-limited one.
    tracing::span_context derived(const tracing::trace_id& trace, const tracing::span_id& span,
                                  steady_clock::time_point now);

    /// `send T`: PRODUCER when `own` went into the messages, else CLIENT.
    /// @param link  another place of the same messages, linked to when valid
    void send(const tracing::span_context& own, const tracing::span_id& parent, const tracing::span_context& link,
              bool into_messages, const messaging_facts& facts);
    /// The span that stands in a derived trace for messages whose own trace is `link`'s.
    void anchor(const tracing::span_context& own, const tracing::span_context& link, const messaging_facts& facts);
    /// `poll T`, with a link to each producer; a span takes at most 128 links, so there may be several.
    /// @param with_echo  no other span tells of these records
    void poll(std::span<const tracing::span_context> producers, const messaging_facts& facts, bool with_echo = false);
    /// `process T`: the producer is its parent and its link.
    void process(const tracing::span_context& producer, const messaging_facts& facts);
    /// `commit T`.
    void commit(const messaging_facts& facts);

    void flush() {
        if (sink_) sink_->flush();
    }

  private:
    struct operation {
        std::string_view name;
        std::string_view type;
        tracing::span_kind kind;
    };
    std::string* open(const tracing::span_context& own);
    void begin(tracing::span_encoder& out, const operation& what, const tracing::span_context& own,
               const tracing::span_id& parent, const messaging_facts& facts);
    times when(const messaging_facts& facts);
    void decided(tracing::span_encoder& out, const messaging_ruling& by);
    void captured(tracing::span_encoder& out, const messaging_facts& facts, bool with_echo);
    void finish(tracing::span_encoder& out, const messaging_facts& facts);

    const tracing_setup& setup_;
    tracing::span_buffer* sink_;
    tracing::id_generator ids_;
    std::string name_;
    steady_clock::time_point started_, finished_;  ///< of the exchange that `times_` are of
    times times_{};
};

}  // namespace outrider::exchange
