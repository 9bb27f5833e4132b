#pragma once

#include <cstdint>
#include <string_view>

#include "tracing/span_data.hpp"

namespace outrider::tracing {

// What spans about messages say of themselves, by OpenTelemetry's semantic conventions for messaging.

/// It put messages into a topic: `send T`.
bool is_send(const span_data& span);
/// It handled messages of a topic: `process T`.
bool is_process(const span_data& span);
/// It asked a topic for messages, whoever they came from: `poll T`. What it took is mostly waiting.
bool is_poll(const span_data& span);
/// It stands for a send of another trace where records carry an id that was derived and not chosen; both link to each
/// other.
bool is_anchor(const span_data& span);

/// `messaging.destination.name`; empty when there is none.
std::string_view topic_of(const span_data& span);

/// Records of one partition of a topic.
struct record_range {
    std::string_view topic, partition;
    std::int64_t first = 0;  ///< offset
    std::int64_t count = 0;  ///< none: the span does not say which records it was about
    bool contains(std::int64_t offset) const { return offset >= first && offset - first < count; }
};

/// Which records a span was about. The texts live as long as the span.
record_range records_of(const span_data& span);

}  // namespace outrider::tracing
