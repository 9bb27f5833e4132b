#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "sidecar/kafka/record_batch.hpp"
#include "tracing/context.hpp"

namespace outrider::kafka {

/// Where a batch is written to. The views need only live as long as the call.
struct batch_place {
    std::string_view cluster_id;
    std::string_view topic;
    std::int32_t partition = 0;
};

/// What an idempotent producer calls a batch: known before it is sent, the same in every retry and for its consumers.
struct producer_key {
    batch_place place;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::int32_t base_sequence = 0;
};

/// What the broker calls a batch: known when it has answered.
struct offset_key {
    batch_place place;
    std::int64_t base_offset = 0;
};

/// What a batch is called by what is in it, when something must be written into it before anybody gave it a name; the
/// checksum is that of the batch as its producer sent it. A retry sends the same bytes.
struct content_key {
    batch_place place;
    std::int64_t base_timestamp = 0;
    std::uint32_t crc = 0;
    std::int32_t records = 0;
};

using batch_key = std::variant<producer_key, offset_key, content_key>;

/// How both sides of a topic call a batch that is in the log: by its producer when that is idempotent, else by offset.
batch_key key_in_log(const batch_place& place, const batch_header& header);

/// The name for a batch on its way to the broker: by its producer, else by its content.
batch_key key_before_send(const batch_place& place, const batch_header& header);

/// The bytes that are hashed. They are the agreement between sidecars: whoever computes the same bytes finds the same
/// trace. All numbers are big-endian, a text is its length in bytes as 4 bytes and then its UTF-8 bytes, and nothing
/// stands between the fields:
///
///     "outrider.kafka.batch"  20 bytes, without a length
///     version                 1 byte, 1
///     kind                    1 byte: 1 producer, 2 offset, 3 content
///     cluster id, topic       texts
///     partition               4 bytes
///     producer:  producer id 8 bytes, epoch 2 bytes, base sequence 4 bytes
///     offset:    base offset 8 bytes
///     content:   base timestamp 8 bytes, CRC 4 bytes, count of records 4 bytes
std::string encode_batch_key(const batch_key& key);

/// The context of the span that stands for the sending of this batch: of the SHA-256 of the encoded key, bytes 0 to 15
/// are the trace id and bytes 16 to 23 the span id; where one would be all zero, its last byte is 1. The low 56 bits
/// of the trace id are as good as random, which the flag says.
/// @param sampled  whether the flag sampled is set as well; the key says nothing about it
tracing::span_context derive_context(const batch_key& key, bool sampled);

}  // namespace outrider::kafka
