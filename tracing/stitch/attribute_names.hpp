#pragma once

#include <string_view>

/// What sidecars say of a span for the stitcher, and what the stitcher says of a span for its readers.
namespace outrider::tracing::chain_attributes {

// Written by sidecars that send to a collector.

/// bool: what the head sampler decided. Absent: the span was sampled.
inline constexpr std::string_view head_sampled = "outrider.head_sampled";
/// int: on CLIENT and PRODUCER spans that start a trace, how many exchanges towards the application were open in this
/// process when the span started: so many candidates there are for its cause, arrived or not.
inline constexpr std::string_view inbound_open = "outrider.inbound_open";
/// bytes: keyed hashes of values that the message carried, 8 bytes each, little-endian. Never leaves the collector.
inline constexpr std::string_view echo = "outrider.echo";
/// text: the id that the Kafka cluster gives itself.
inline constexpr std::string_view kafka_cluster = "outrider.kafka.cluster";
/// text: the id of the message itself, of the message that caused it (CloudEvents id, causationid), and of its group
/// (correlationid, or what is configured).
inline constexpr std::string_view message_id = "chain.message_id";
inline constexpr std::string_view causation_id = "chain.causation_id";
inline constexpr std::string_view correlation_id = "chain.correlation_id";
/// text, or an array of texts: a business key, `chain.key.order` for the key `order`.
inline constexpr std::string_view key_prefix = "chain.key.";
/// int: of a span that tells of many messages, how many values of the attributes above found no room in it.
inline constexpr std::string_view left_out = "outrider.captured.left_out";

// Written by the stitcher.

/// text: the trace that a span was in before it became part of a chain.
inline constexpr std::string_view original_trace_id = "chain.original_trace_id";
/// text: the id of a span that was given another one, because a second span of the chain had the same.
inline constexpr std::string_view original_span_id = "chain.original_span_id";
/// text: the parent that a span named and that was never received.
inline constexpr std::string_view original_parent_id = "chain.original_parent_id";
/// text and double: what tied a span to its parent, or a link to its target, when that was inferred.
inline constexpr std::string_view link_source = "chain.link.source";
inline constexpr std::string_view link_confidence = "chain.link.confidence";
/// text: what is wrong with the span: "impossible times", "cycle of parents", "duplicate id", "too many spans".
inline constexpr std::string_view fault = "chain.fault";

}  // namespace outrider::tracing::chain_attributes
