#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/collector/span_vocabulary.hpp"
#include "tracing/span_view.hpp"

namespace outrider::collector {

// A span in a quarter of the bytes that OTLP takes for it. All integers are varints unless a size is given; signed ones
// zigzag; texts are numbers of the vocabulary or stand there themselves.
//
//     span       = id[8] origin kind_status[1] name start duration presence[1]
//                  parent[8]? flags? tracestate? message? dropped? attributes events? links?
//     attributes = shape value*        shape: a text of (type[1] key_length key)*, so that it is a number mostly
//     text       = length << 2 and the bytes, or number << 2 | 1, or number << 2 | 2 and a text that goes on from there
//     tracestate = 1, or 0 and a text; 1 is `outrider=PARENT`, which sidecars hand on
//
// The trace, and the time that the start counts from, stand outside.

/// What searches look at first; the views last as long as the bytes and the vocabulary.
struct span_facts {
    tracing::span_id span, parent;
    std::uint64_t origin = 0;  ///< its number in the vocabulary
    std::string_view name;
    tracing::span_kind kind = tracing::span_kind::internal;
    tracing::status_code status = tracing::status_code::unset;
    std::uint64_t start_unix_ns = 0, end_unix_ns = 0;
};

/// Appends the span to `out`. @return false, with `out` as it was, when the vocabulary has no room for its origin
/// @param without  the key of an attribute that is left out
bool encode_compact(const tracing::span_view& span, std::uint64_t base_ns, span_vocabulary& words, std::string& out,
                    std::string_view without = {});

/// Which attributes are wanted, by key.
using attribute_filter = bool (*)(std::string_view key);

/// Nothing when the bytes are not what encode_compact wrote with this vocabulary.
/// @param only  the attributes of the span that are wanted; null: all
std::optional<tracing::span_data> decode_compact(std::string_view bytes, std::uint64_t base_ns,
                                                 const span_vocabulary& words, attribute_filter only = nullptr);
std::optional<span_facts> facts_of(std::string_view bytes, std::uint64_t base_ns, const span_vocabulary& words);

}  // namespace outrider::collector
