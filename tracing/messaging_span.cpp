#include "tracing/messaging_span.hpp"

#include <algorithm>
#include <optional>

namespace outrider::tracing {
namespace {

std::string_view operation_of(const span_data& span) {
    return text_attribute(span.attributes, "messaging.operation.type");
}

std::optional<std::int64_t> number_attribute(const span_data& span, std::string_view key) {
    const auto* value = find_attribute(span.attributes, key);
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(&value->data);
    return number == nullptr ? std::nullopt : std::optional{*number};
}

}  // namespace

bool is_send(const span_data& span) {
    if (span.kind == span_kind::producer) return true;
    return span.kind == span_kind::client && operation_of(span) == "send";
}

bool is_process(const span_data& span) { return span.kind == span_kind::consumer; }

bool is_poll(const span_data& span) { return span.kind == span_kind::client && operation_of(span) == "receive"; }

bool is_anchor(const span_data& span) {
    const auto* value = find_attribute(span.attributes, "outrider.anchor");
    const auto* truth = value == nullptr ? nullptr : std::get_if<bool>(&value->data);
    return truth != nullptr && *truth && is_send(span);
}

std::string_view topic_of(const span_data& span) {
    return text_attribute(span.attributes, "messaging.destination.name");
}

record_range records_of(const span_data& span) {
    record_range range{topic_of(span), text_attribute(span.attributes, "messaging.destination.partition.id")};
    const auto first = number_attribute(span, "messaging.kafka.offset");
    if (!first || *first < 0 || range.topic.empty() || range.partition.empty()) return range;
    range.first = *first;
    range.count = std::max<std::int64_t>(1, number_attribute(span, "messaging.batch.message_count").value_or(1));
    return range;
}

}  // namespace outrider::tracing
