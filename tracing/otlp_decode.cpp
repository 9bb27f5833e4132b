#include <algorithm>

#include "tracing/memory_budget.hpp"
#include "tracing/otlp.hpp"
#include "tracing/span_batch.hpp"

namespace outrider::tracing {
namespace {

/// What a copy of the span will take; vectors are made at their size.
std::size_t copied_bytes(const span_view& span) {
    auto bytes = sizeof(span_data) + span.name.size() + span.tracestate.size() + span.status_message.size();
    for (const auto& one : span.attributes)
        bytes += sizeof(attribute) + one.key.size() + one.value.text().size() + one.value.bytes().size();
    return bytes;
}

}  // namespace

decode_result<decoded_spans> decode_otlp(std::string_view protobuf, const decode_limits& limits) {
    span_batch batch;
    if (const auto error = batch.decode(protobuf, limits)) return *error;
    decoded_spans out;
    out.rejected = batch.rejected();
    try {
        memory_budget budget{limits.memory - std::min(limits.memory, batch.memory())};  // both are there at once
        for (const auto& span : batch.spans()) budget.charge(copied_bytes(span));
    } catch (const decode_failure& failure) {
        return failure.error;
    }
    out.spans.reserve(batch.spans().size());
    for (const auto& span : batch.spans()) out.spans.push_back(copy_of(span));
    return out;
}

}  // namespace outrider::tracing
