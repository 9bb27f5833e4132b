#include "sidecar/exchange/message_tracer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "tracing/capture/group_capture.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/tracestate.hpp"

namespace outrider::exchange {
namespace {

using tracing::span_context;
using tracing::span_encoder;
using tracing::span_id;

constexpr std::size_t most_links = 128;

}  // namespace

span_context message_tracer::below(const span_context& parent, steady_clock::time_point now) {
    tracing::extracted from;
    from.format = tracing::context_format::w3c;
    from.parent = parent;
    from.sampling_decided = true;
    span_context own = parent;
    own.span = ids_.new_span_id();
    own.flags = parent.flags & tracing::flag_random;
    if (parent.debug || setup_.sampler.decide(parent.trace, from, now).sampled) own.flags |= tracing::flag_sampled;
    return own;
}

span_context message_tracer::root(steady_clock::time_point now) {
    return derived(ids_.new_trace_id(), ids_.new_span_id(), now);
}

span_context message_tracer::derived(const tracing::trace_id& trace, const span_id& span,
                                     steady_clock::time_point now) {
    span_context own;
    own.trace = trace;
    own.span = span;
    own.flags = tracing::flag_random;
    if (setup_.sampler.decide(trace, {}, now).sampled) own.flags |= tracing::flag_sampled;
    return own;
}

std::string* message_tracer::open(const span_context& own) { return records(own) ? sink_->open() : nullptr; }

void message_tracer::begin(span_encoder& out, const operation& what, const span_context& own, const span_id& parent,
                           const messaging_facts& facts) {
    name_.assign(what.name).append(" ").append(facts.topic);
    const auto [start, end] = when(facts);
    out.begin(own, parent, true, {}, name_, what.kind, start, end);
    out.attribute("messaging.system", "kafka");
    out.attribute("messaging.operation.name", what.name);
    out.attribute("messaging.operation.type", what.type);
    out.attribute("messaging.destination.name", facts.topic);
    if (facts.partition) {
        std::array<char, 12> digits;
        auto* last = std::to_chars(digits.begin(), digits.end(), *facts.partition).ptr;
        out.attribute("messaging.destination.partition.id",
                      std::string_view{digits.data(), static_cast<std::size_t>(last - digits.data())});
    }
    if (facts.offset) out.attribute("messaging.kafka.offset", *facts.offset);
    if (facts.messages > 1) out.attribute("messaging.batch.message_count", static_cast<std::int64_t>(facts.messages));
    if (!facts.group.empty()) out.attribute("messaging.consumer.group.name", facts.group);
    if (!facts.client_id.empty()) out.attribute("messaging.client.id", facts.client_id);
    if (!facts.server_address.empty()) {
        out.attribute("server.address", facts.server_address);
        out.attribute("server.port", static_cast<std::int64_t>(facts.server_port));
    }
    if (!facts.cluster.empty()) out.attribute(tracing::chain_attributes::kafka_cluster, facts.cluster);
    if (!own.sampled()) out.attribute(tracing::chain_attributes::head_sampled, false);
    if (!facts.ruling.decision.empty()) decided(out, facts.ruling);
}

/// All spans of one exchange have the same times: by that a poll is known to stand beside the spans of its records.
times message_tracer::when(const messaging_facts& facts) {
    if (facts.started != started_ || facts.finished != finished_ || times_.end == 0) {
        started_ = facts.started;
        finished_ = facts.finished;
        times_ = unix_times(started_, finished_);
    }
    return times_;
}

void message_tracer::captured(span_encoder& out, const messaging_facts& facts, bool with_echo) {
    if (facts.captured) facts.captured->write(out, setup_.capture, with_echo);
}

std::string message_tracer::member_of(const span_context& own) const {
    if (!setup_.collects || !records(own)) return {};
    return std::string{tracing::own_member} + "=" + own.span.hex();
}

void message_tracer::decided(span_encoder& out, const messaging_ruling& by) {
    out.attribute("outrider.decision", by.decision);
    out.attribute("outrider.policy", by.policy);
    out.attribute("outrider.rule", by.rule);
    if (by.throttle_ms > 0) out.attribute("outrider.throttle_ms", by.throttle_ms);
}

void message_tracer::finish(span_encoder& out, const messaging_facts& facts) {
    if (!facts.error.empty()) {
        out.attribute("error.type", facts.error);
        if (facts.retriable) out.attribute("outrider.retriable", true);
        out.status(tracing::status_code::error, facts.error_text.empty() ? facts.error : facts.error_text);
    }
    out.end();
    sink_->close();
}

void message_tracer::send(const span_context& own, const span_id& parent, const span_context& link, bool into_messages,
                          const messaging_facts& facts) {
    auto* buffer = open(own);
    if (!buffer) return;
    span_encoder out{*buffer};
    begin(out, {"send", "send", into_messages ? tracing::span_kind::producer : tracing::span_kind::client}, own, parent,
          facts);
    if (!parent.valid() && facts.inbound_open)
        out.attribute(tracing::chain_attributes::inbound_open, *facts.inbound_open);
    captured(out, facts, true);
    if (link.valid()) out.link(link);
    finish(out, facts);
}

void message_tracer::anchor(const span_context& own, const span_context& link, const messaging_facts& facts) {
    auto* buffer = open(own);
    if (!buffer) return;
    span_encoder out{*buffer};
    begin(out, {"send", "send", tracing::span_kind::client}, own, {}, facts);
    out.attribute("outrider.anchor", true);
    out.link(link);
    finish(out, facts);
}

void message_tracer::poll(std::span<const span_context> producers, const messaging_facts& facts, bool with_echo) {
    do {
        auto links = producers.subspan(0, std::min(producers.size(), most_links));
        producers = producers.subspan(links.size());
        auto own = root(facts.started);
        auto* buffer = open(own);
        if (!buffer) continue;
        span_encoder out{*buffer};
        begin(out, {"poll", "receive", tracing::span_kind::client}, own, {}, facts);
        captured(out, facts, with_echo);
        for (const auto& each : links) out.link(each);
        finish(out, facts);
    } while (!producers.empty());
}

void message_tracer::process(const span_context& producer, const messaging_facts& facts) {
    auto own = below(producer, facts.started);
    auto* buffer = open(own);
    if (!buffer) return;
    span_encoder out{*buffer};
    begin(out, {"process", "process", tracing::span_kind::consumer}, own, producer.span, facts);
    captured(out, facts, true);
    out.link(producer);
    finish(out, facts);
}

void message_tracer::commit(const messaging_facts& facts) {
    auto own = root(facts.started);
    auto* buffer = open(own);
    if (!buffer) return;
    span_encoder out{*buffer};
    begin(out, {"commit", "settle", tracing::span_kind::client}, own, {}, facts);
    finish(out, facts);
}

}  // namespace outrider::exchange
